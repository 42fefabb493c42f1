import type { Lock } from '../../machine/lock.js';
import type { Procedure } from '../../machine/step.js';
import type { VmbusChannel } from '../channel/channel.js';
import { GetPutCompletedLifetime } from './lifetimes.js';

/**
 * GetPutCompletedLifetime with a plain count, which is read and written one after the other. The review of February 2015
 * holds that it need not be atomic, since channel->lock is held.
 *
 * ```
 * put                                    put
 * 2 references                           2 references
 * 1 is left                              1 is left
 * ```
 * Forbidden: both leave one, and nobody frees the channel.
 */
export class PlainCountLifetime extends GetPutCompletedLifetime {
  /** @param locked whether channel->lock is held meanwhile. */
  constructor(
    channelMutex: Lock,
    private readonly locked: boolean,
  ) {
    super(channelMutex);
  }

  protected override *putSteps(channel: VmbusChannel): Procedure<void> {
    const lock = this.lockOf(channel);
    const cpu = channel.machine.runningCpu;
    if (this.locked) yield* lock.spinLockIrqsave(cpu);
    yield channel.lifeWord.read;
    channel.assertLive('vmbus_put_channel');
    const left = channel.references - 1;
    yield channel.lifeWord.write;
    channel.references = left;
    if (this.locked) yield* lock.spinUnlockIrqrestore(cpu);
    if (left > 0) return;
    yield channel.lifeWord.write;
    channel.free('release_channel');
  }
}
