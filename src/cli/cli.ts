#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { main } from './main.js';
import { watchOutput, writeOut } from './stdout.js';

const { stderr } = process;

watchOutput();
process.exitCode = await main(process.argv.slice(2), {
  out: writeOut,
  err: (text) => stderr.write(text),
  ...(stderr.isTTY && { progress: (text: string) => stderr.write(`\r\x1b[K${text}`) }),
  readStdin: () => readFileSync(0, 'utf8'),
});
