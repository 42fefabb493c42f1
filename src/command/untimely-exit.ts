import { writeSync } from 'node:fs';
import { exitStatus } from './exit-status.js';

/** Node's exit status if nothing is left that what the program awaits could come from. */
const UNSETTLED = 13;

let blamed = '';
let isWatched = false;

/**
 * If the program ends from now on, that is told as the doing of the user's own code: it has called process.exit, or
 * awaits what never comes.
 *
 * @param who what it may be, such as `plug-in a.js`; '': nobody.
 */
export function blameForExit(who: string): void {
  blamed = who;
  if (isWatched === (who !== '')) return;
  isWatched = who !== '';
  if (isWatched) process.once('exit', tell);
  else process.removeListener('exit', tell);
}

/** The program may end. */
export function exitIsIntended(): void {
  blameForExit('');
}

/** What is said of code of the user's own that ends irqlab, or one of its threads. */
export function exitText(code: number): string {
  return `it ends irqlab by process.exit(${code}); let it throw an error instead`;
}

function tell(code: number): void {
  const why = process.exitCode === UNSETTLED ? 'something that it awaits never comes' : exitText(code);
  writeSync(2, `irqlab: ${blamed}: ${why}\n`);
  process.exitCode = exitStatus.usage;
}
