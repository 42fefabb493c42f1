import type { Paint } from './paint.js';

/** Where a command reads and writes: the user's terminal, a pipe, or a test. */
export interface Stdio {
  /** @param paint which parts may be coloured, where there are colours. */
  out(text: string, paint?: Paint): void;
  err(text: string, paint?: Paint): void;
  /**
   * Shows how far long work has come, in place of what it showed before; '' takes it away. Missing where standard
   * error is no terminal, because a log must not fill with it.
   */
  progress?(text: string): void;
  /** Whole text of standard input. */
  readStdin(): string;
}

/** True if somebody watches: standard error is a terminal. */
export function isTerminal({ progress }: Stdio): boolean {
  return progress !== undefined;
}
