import type { GuestOptions } from '../scenario/options/guest.js';
import type { Scenario } from '../scenario/scenario.js';
import { type CountableGuest, countSignals } from './count-signals.js';
import { UsageError } from './usage-error.js';

/** Makes the guest of a scenario. Tests give another one. */
export type CreateGuest<Made extends CountableGuest> = (options: GuestOptions) => Promise<Made>;

/**
 * Boots the guest of a scenario, and has its signals counted if a step asks for that.
 *
 * @throws UsageError if no guest can be made of what the file says: that is the file's fault.
 */
export async function bootGuest<Made extends CountableGuest>(
  { file, guest, timeline }: Pick<Scenario, 'file' | 'guest' | 'timeline'>,
  create: CreateGuest<Made>,
): Promise<Made> {
  try {
    const made = await create(guest);
    if (timeline.some(({ needsStats }) => needsStats)) await countSignals(made);
    return made;
  } catch (error) {
    if (error instanceof RangeError) throw new UsageError(`${file}: ${error.message}`);
    throw error;
  }
}
