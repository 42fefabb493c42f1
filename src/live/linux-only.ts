import { UsageError } from '../command/usage-error.js';

/**
 * For what needs Linux' mounts.
 *
 * @param what is possible there: a clause.
 * @throws UsageError on other systems, with what does the like there.
 */
export function linuxOnly(what: string, system: string = process.platform): void {
  if (system === 'linux') return;
  throw new UsageError(
    `${what} on Linux only`,
    "irqlab cat prints a guest's files everywhere, and irqlab web shows them in a browser.",
  );
}
