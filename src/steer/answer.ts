/** The answer to a command. */
export type ControlAnswer =
  | { readonly ok: true; readonly result?: unknown }
  | { readonly ok: false; readonly code: string; readonly message: string };

/** What carries out the commands that arrive on the socket. */
export interface CommandTaker {
  /** Carries out the command of one line. Whatever it throws is a defect. */
  answer(line: string): Promise<ControlAnswer>;
}
