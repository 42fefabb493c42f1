import type { Command } from 'commander';

/** Where a command reads and writes: the terminal, or a test. */
export interface CommandIo {
  out(text: string): void;
  err(text: string): void;
  /** Shows how far long work has come, in place of what it showed before; missing where nobody watches. */
  progress?(text: string): void;
  /** Whole text of standard input. */
  readStdin(): string;
}

/** Exit statuses of all commands. */
export const exitStatus = {
  ok: 0,
  /** What the command was asked to check does not hold. */
  failed: 1,
  /** Wrong use: arguments or files that cannot be used. */
  usage: 2,
  /** A defect of irqlab. */
  defect: 70,
} as const;
export type ExitStatus = (typeof exitStatus)[keyof typeof exitStatus];

/** A command: what src/cli/commands/*.ts export as `command`. */
export interface CommandModule {
  /**
   * Adds arguments, options and help. `finish` is to be called with the exit status when the command is done: one of
   * `exitStatus`, or that of a program that the command ran.
   */
  configure(command: Command, io: CommandIo, finish: (status: number) => void): void;
}

/** Wrong use of a command: shown as one sentence, with a hint what to do. */
export class UsageError extends Error {
  override readonly name = 'UsageError';

  constructor(
    message: string,
    readonly hint?: string,
  ) {
    super(message);
  }
}
