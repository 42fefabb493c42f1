#!/usr/bin/env node
import { readWhole } from '../command/named-file.js';
import { sharePackages } from '../command/share-packages.js';
import { main } from './main.js';
import { mayLoadUserCode } from './user-code.js';
import { shownOn } from './shown-on.js';
import { watchOutput, writeOut } from './stdout.js';

const { stderr } = process;

const args = process.argv.slice(2);
if (mayLoadUserCode(args)) sharePackages();
watchOutput();
process.exitCode = await main(args, {
  out: writeOut,
  err: (text) => stderr.write(shownOn(stderr, text)),
  ...(stderr.isTTY && { progress: (text: string) => stderr.write(`\r\x1b[K${shownOn(stderr, text)}`) }),
  readStdin: () => readWhole(0, '<stdin>').toString('utf8'),
});
