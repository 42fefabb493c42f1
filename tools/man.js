// Writes the man pages to dist/man, from the built command line: npm run build.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { wholeProgram } from '../dist/cli/whole-program.js';
import { manPages } from './man/pages.js';

// Of the terminal, of which options have their defaults: the pages are the same wherever they are made.
process.stdout.columns = undefined;

const directory = new URL('../dist/man/', import.meta.url);
rmSync(directory, { recursive: true, force: true });
mkdirSync(directory);
for (const [name, text] of Object.entries(manPages(await wholeProgram())))
  writeFileSync(new URL(name, directory), text);
