/**
 * The library under Node.
 *
 * @module irqlab
 */
export * from './browser.js';
export { Guest, runScenario, type ScenarioRun } from './node-guest.js';
export type { UnreadFile } from './live/export-tree.js';

// Commands of plug-ins for the command line.
export { COMMAND, type CommandEntry, type CommandModule } from './cli/command.js';
export { type ExitStatus, exitStatus } from './command/exit-status.js';
export { type JsonFormat, type JsonHead, jsonVersions } from './command/json.js';
export type { Plugins } from './command/plugins.js';
export type { Look, Paint } from './command/paint.js';
export type { Stdio } from './command/stdio.js';
export { UsageError } from './command/usage-error.js';
