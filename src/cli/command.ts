import type { Command } from 'commander';
import type { Stdio } from '../command/stdio.js';

/** A command: what src/cli/commands/*.ts export as `command`. */
export interface CommandModule {
  /**
   * Adds arguments, options and help. When the command is done it calls `finish` with the exit status: one of
   * `exitStatus`, or that of a program that the command ran.
   */
  configure(command: Command, stdio: Stdio, finish: (status: number) => void): void;
}
