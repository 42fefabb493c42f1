import { readWhole } from '../command/named-file.js';
import { main } from './main.js';
import { painted, wantsColours } from './painted.js';
import { shownOn } from './shown-on.js';
import { watchOutput, writeOut } from './stdout.js';

/** Runs the command line as this process: its streams, its exit status. @param args as for main. */
export async function start(args: readonly string[]): Promise<void> {
  const { stderr } = process;
  watchOutput();
  process.exitCode = await main(args, {
    out: writeOut,
    err: (text, paint) =>
      stderr.write(painted(shownOn(stderr, text), paint, wantsColours(stderr, process.env))),
    ...(stderr.isTTY && { progress: (text: string) => stderr.write(`\r\x1b[K${shownOn(stderr, text)}`) }),
    readStdin: () => readWhole(0, '<stdin>').toString('utf8'),
  });
}
