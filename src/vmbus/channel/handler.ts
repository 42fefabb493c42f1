import type { Irq } from '../../lib/brand.js';
import type { Procedure } from '../../machine/step.js';
import { IRQ_HANDLED } from '../../irq/data/irqaction.js';
import { callbackMode, type VmbusChannel } from './channel.js';

/**
 * The handler of all channels' interrupts (vmbus_chan_handler, RFC patch 9; before it the end of vmbus_chan_sched).
 * `devId` is the channel.
 *
 * ```
 * event                              closing (vmbus_reset_channel_cb)
 * sched_lock                         sched_lock
 * callback set?  → call it           callback = none
 * unlock                             unlock
 * ```
 * Forbidden: the callback begins after vmbus_reset_channel_cb has returned.
 */
export function vmbusChanHandler(_irq: Irq, devId: unknown): number {
  const channel = devId as VmbusChannel;
  const callback = channel.onChannelCallback;
  if (callback === undefined) return IRQ_HANDLED;
  channel.interrupts += 1;
  if (channel.callbackMode === callbackMode.isr) {
    callback(channel);
    return IRQ_HANDLED;
  }
  if (channel.callbackMode === callbackMode.batched) channel.rings?.inbound.beginRead();
  scheduleEvent(channel);
  return IRQ_HANDLED;
}

/** The same step by step. */
export function* vmbusChanHandlerSteps(channel: VmbusChannel): Procedure<number> {
  channel.assertLive('vmbus_chan_handler');
  yield* channel.schedLock.lock();
  yield channel.callbackWord.read;
  channel.assertLive('vmbus_chan_handler');
  const callback = channel.onChannelCallback;
  if (callback !== undefined) {
    channel.interrupts += 1;
    if (channel.callbackMode === callbackMode.isr) callback(channel);
    else {
      const inbound = channel.rings?.inbound;
      if (channel.callbackMode === callbackMode.batched && inbound !== undefined) {
        yield* inbound.beginReadSteps();
      }
      scheduleEvent(channel);
    }
  }
  yield* channel.schedLock.unlock();
  return IRQ_HANDLED;
}

/**
 * A channel's tasklet (vmbus_on_event): lets the driver drain the ring; in batched mode signals are off meanwhile, so
 * what came in before they were on again is looked for once more.
 */
export function vmbusOnEvent(channel: VmbusChannel): void {
  const callback = channel.onChannelCallback;
  if (callback === undefined) return;
  callback(channel);
  const inbound = channel.rings?.inbound;
  if (channel.callbackMode !== callbackMode.batched || inbound === undefined) return;
  if (inbound.endRead() === 0) return;
  inbound.beginRead();
  scheduleEvent(channel);
}

/** The same step by step. */
export function* vmbusOnEventSteps(channel: VmbusChannel): Procedure<void> {
  yield channel.callbackWord.read;
  channel.assertLive('vmbus_on_event');
  const callback = channel.onChannelCallback;
  if (callback === undefined) return;
  callback(channel);
  const inbound = channel.rings?.inbound;
  if (channel.callbackMode !== callbackMode.batched || inbound === undefined) return;
  if ((yield* inbound.endReadSteps()) === 0) return;
  yield* inbound.beginReadSteps();
  scheduleEvent(channel);
}

function scheduleEvent({ machine, callbackEvent }: VmbusChannel): void {
  machine.cpus[machine.thisCpu].taskletSchedule(callbackEvent);
}

/** Makes sure that the driver's callback is not called any more (vmbus_reset_channel_cb). */
export function* resetChannelCb(channel: VmbusChannel): Procedure<void> {
  channel.assertLive('vmbus_reset_channel_cb');
  const { machine, schedLock } = channel;
  const cpu = machine.cpus[machine.thisCpu];
  yield* schedLock.lockIrqsave(cpu);
  yield channel.callbackWord.write;
  channel.assertLive('vmbus_reset_channel_cb');
  channel.onChannelCallback = undefined;
  yield* schedLock.unlockIrqrestore(cpu);
}
