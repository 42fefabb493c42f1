import type { Command } from 'commander';
import type { Plugins } from '../command/plugins.js';
import type { Stdio } from '../command/stdio.js';
import { type Token, token } from '../lib/token.js';

/** A command: what src/cli/commands/*.ts export as `command`. */
export interface CommandModule {
  /**
   * Adds arguments, options and help. When the command is done it calls `finish` with the exit status: one of
   * `exitStatus`, or that of a program that the command ran.
   *
   * @param plugins what --plugin has added.
   */
  configure(command: Command, stdio: Stdio, finish: (status: number) => void, plugins: Plugins): void;
}

/** A command of the command line, before it is loaded. */
export interface CommandEntry {
  readonly name: string;
  /** One line for `irqlab --help`. */
  readonly summary: string;
  /** False if plug-ins change nothing about it: it refuses --plugin. Default true. */
  readonly takesPlugins?: boolean;
  /** True for one that `irqlab --help` does not list: programs call it, not people. Default false. */
  readonly isHidden?: boolean;
  /** Loads the command. Only the one that is used is loaded, so that each starts with no more than it needs. */
  readonly load: () => Promise<CommandModule>;
}

/** Plug-in point: commands of `irqlab`. Bind any number. */
export const COMMAND: Token<CommandEntry> = token('Command');
