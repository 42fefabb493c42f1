/** Exit statuses of all commands. */
export const exitStatus = {
  ok: 0,
  /** What the command was asked to check does not hold. */
  failed: 1,
  /** Wrong use: arguments or files that cannot be used. */
  usage: 2,
  /** A defect of irqlab. */
  defect: 70,
  /** Ended by Ctrl-C before it was done, as shells have it (128 + SIGINT). */
  interrupted: 130,
} as const;

/** With which status a command ends: see `exitStatus`. */
export type ExitStatus = (typeof exitStatus)[keyof typeof exitStatus];
