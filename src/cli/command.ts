import type { Command } from 'commander';
import type { Stdio } from '../command/stdio.js';

/** A command: what src/cli/commands/*.ts export as `command`. */
export interface CommandModule {
  /**
   * Adds arguments, options and help. `finish` is to be called with the exit status when the command is done: one of
   * `exitStatus`, or that of a program that the command ran.
   */
  configure(command: Command, stdio: Stdio, finish: (status: number) => void): void;
}
