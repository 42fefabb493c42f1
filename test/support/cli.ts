import { main } from '../../src/cli/main.js';
import type { Stdio } from '../../src/command/stdio.js';

export interface Ran {
  status: number;
  out: string;
  err: string;
  /** What was shown while it ran. */
  progress: string[];
}

/** Where a command writes what it says, and what it has. */
export function collected(stdin = ''): { ran: Ran; io: Stdio } {
  const ran: Ran = { status: -1, out: '', err: '', progress: [] };
  const io: Stdio = {
    out: (text) => {
      ran.out += text;
    },
    err: (text) => {
      ran.err += text;
    },
    progress: (text) => {
      ran.progress.push(text);
    },
    readStdin: () => stdin,
  };
  return { ran, io };
}

/** Runs the command line as a user does whose terminal shows progress. */
export async function irqlab(args: readonly string[], stdin = ''): Promise<Ran> {
  const { ran, io } = collected(stdin);
  ran.status = await main(args, io);
  return ran;
}
