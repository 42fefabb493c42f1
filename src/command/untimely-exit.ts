import { writeSync } from 'node:fs';
import { exitStatus } from './exit-status.js';

/** Node's exit status if nothing is left that what the program awaits could come from. */
const UNSETTLED = 13;

let blamed = '';
let isWatched = false;

/**
 * If the program ends from now on, that is told as the doing of plug-ins: one has called process.exit, or awaits what
 * never comes.
 *
 * @param files those that it may be.
 */
export function blameForExit(files: readonly string[]): void {
  blamed = files.join(', ');
  if (isWatched === files.length > 0) return;
  isWatched = files.length > 0;
  if (isWatched) process.once('exit', tell);
  else process.removeListener('exit', tell);
}

/** The program may end. */
export function exitIsIntended(): void {
  blameForExit([]);
}

function tell(code: number): void {
  const why =
    process.exitCode === UNSETTLED
      ? 'something that it awaits never comes'
      : `it ends irqlab by process.exit(${code}); let it throw an error instead`;
  writeSync(2, `irqlab: plug-in ${blamed}: ${why}\n`);
  process.exitCode = exitStatus.usage;
}
