#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { main } from './cli-main.js';

// A reader that has seen enough, as in `irqlab run … | head`, is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit();
});

const { stderr } = process;

process.exitCode = await main(process.argv.slice(2), {
  out: (text) => process.stdout.write(text),
  err: (text) => process.stderr.write(text),
  ...(stderr.isTTY && { progress: (text: string) => stderr.write(`\r\x1b[K${text}`) }),
  readStdin: () => readFileSync(0, 'utf8'),
});
