import { main } from '../../src/cli/main.js';
import type { Stdio } from '../../src/command/stdio.js';

export interface Ran {
  status: number;
  out: string;
  err: string;
  /** What was shown while it ran. */
  progress: string[];
}

/** Runs the command line as a user does whose terminal shows progress. */
export async function irqlab(args: readonly string[], stdin = ''): Promise<Ran> {
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
  ran.status = await main(args, io);
  return ran;
}
