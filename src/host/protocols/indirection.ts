import { ErrnoError } from '../../lib/errno.js';
import { RECEIVE_TABLE_SIZE } from './network.js';

/** Which of an adapter's channels the hashes of what comes lead to, in turn (ethtool -X). */
export type IndirectionChoice =
  /** The first so many channels, one after the other. */
  | { readonly equal: number }
  /** How much each channel has of the table. */
  | { readonly weights: readonly number[] }
  /** All channels one after the other, however many there are. */
  | { readonly default: true };

/** The table that ethtool makes of a choice; undefined: the driver's own. @throws ErrnoError EINVAL for nothing at all. */
export function indirectionTable(choice: IndirectionChoice): readonly number[] | undefined {
  if ('default' in choice) return undefined;
  if ('equal' in choice) {
    if (!(Number.isInteger(choice.equal) && choice.equal >= 1))
      throw new ErrnoError('EINVAL', 'a table leads to 1 channel or more');
    return Array.from({ length: RECEIVE_TABLE_SIZE }, (_, i) => i % choice.equal);
  }
  const { weights } = choice;
  const sum = weights.reduce((total, weight) => total + weight, 0);
  if (!(sum > 0)) throw new ErrnoError('EINVAL', 'at least one weight must be above 0');
  let channel = -1;
  let partial = 0;
  return Array.from({ length: RECEIVE_TABLE_SIZE }, (_, i) => {
    while (i >= (RECEIVE_TABLE_SIZE * partial) / sum) {
      channel += 1;
      partial += weights[channel] ?? 0;
    }
    return channel;
  });
}
