/** What came of a command, for whoever gave it. */
export type ControlAnswer =
  | { readonly ok: true; readonly result?: unknown }
  | { readonly ok: false; readonly code: string; readonly message: string };

/** Who does what is asked for through the socket. */
export interface CommandTaker {
  /** Does the command that a line stands for. What it throws is a defect. */
  answer(line: string): ControlAnswer;
}
