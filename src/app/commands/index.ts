import type { CommandModule } from '../command.js';

interface CommandEntry {
  readonly name: string;
  /** One line for `irqlab --help`. */
  readonly summary: string;
  /** Commands are loaded when they are used, so that each starts with no more than it needs. */
  readonly load: () => Promise<CommandModule>;
}

/** All commands, in the order of `irqlab --help`. */
export const commands: readonly CommandEntry[] = [
  {
    name: 'run',
    summary: 'run a guest as a scenario file says and check its expectations',
    load: async () => (await import('./run.js')).command,
  },
  {
    name: 'conformance',
    summary: 'replay recordings of real kernels and compare what the model does',
    load: async () => (await import('./conformance.js')).command,
  },
];
