import type { CpuId } from '../../lib/brand.js';
import { sleep } from '../../machine/completion.js';
import type { Procedure } from '../../machine/step.js';
import type { VmbusChannel } from '../channel/channel.js';
import type { ConnectionPort } from '../connection/port.js';
import { VERSION_WIN10_V5_3 } from '../protocol/channel-messages.js';

const MS = 1_000_000;
/** How often, and for how long each time, a CPU that goes offline waits for MODIFYCHANNEL_RESPONSEs. */
const MODCHAN_TRIES = 5;
const MODCHAN_SLEEP_NS = 5 * MS;
/** What it waits when the host sends no such responses. */
const MODCHAN_BLIND_SLEEP_NS = 20 * MS;

/** Who waits until the host has done what a MODIFYCHANNEL tells it, and for how long. */
export interface ModifyChannelPolicy {
  /** A channel's `cpu` file had MODIFYCHANNELs sent; the writer may sleep, and holds channel_mutex. */
  sent(channel: VmbusChannel): Procedure<void>;
  /** `cpu`, which no channel is given to any more, is about to have its synic switched off. */
  beforeOffline(cpu: CpuId): Procedure<void>;
}

/** Nobody waits. */
export class NoWait implements ModifyChannelPolicy {
  constructor(protected readonly connection: ConnectionPort) {}

  *sent(_channel: VmbusChannel): Procedure<void> {}

  *beforeOffline(_cpu: CpuId): Procedure<void> {}
}

/** What the RFC does for hosts older than 5.3, whatever the host is: a CPU that goes offline sleeps for 20 ms. */
export class FixedSleep extends NoWait {
  override *beforeOffline(_cpu: CpuId): Procedure<void> {
    yield* sleep(MODCHAN_BLIND_SLEEP_NS);
  }
}

/**
 * RFC patch 11 (hv_synic_wait_for_modifychannel): a CPU that goes offline waits until the host has answered all that
 * had been sent by then, up to 5 times 5 ms; for hosts older than 5.3, which do not answer, a fixed time.
 */
export class WaitOnOffline extends FixedSleep {
  override *beforeOffline(cpu: CpuId): Procedure<void> {
    const { connection } = this;
    if (connection.version < VERSION_WIN10_V5_3) {
      yield* super.beforeOffline(cpu);
      return;
    }
    const { modchans } = connection;
    const sent = yield* modchans.loadSentSteps();
    for (let tries = 0; tries < MODCHAN_TRIES; tries++) {
      if ((yield* modchans.loadCompletedSteps()) >= sent) return;
      yield* sleep(MODCHAN_SLEEP_NS);
    }
    // Linux looks at its count of tries only, so the last sleep may have been enough and the message comes all the same.
    connection.machine.log.printk(
      `hv_vmbus: Timed out waiting for MODIFYCHANNEL. CPU ${cpu} sent ${sent} completed ${modchans.completed}`,
    );
  }
}

/**
 * Before the RFC (drivers/hv/channel.c send_modifychannel_with_ack, since protocol 5.3): whoever writes a channel's
 * `cpu` file waits for the answer, however long that takes, or until the channel is rescinded: with channel_mutex
 * released, which the rescind takes. A write to /proc/irq cannot: the chip is called with the descriptor locked.
 */
export class WaitInSetter extends NoWait {
  override *sent(channel: VmbusChannel): Procedure<void> {
    const { connection } = this;
    if (connection.version < VERSION_WIN10_V5_3) return;
    yield* connection.channelMutex.unlock();
    yield* connection.modchans.waitForAnswer(channel);
    yield* connection.channelMutex.lock();
  }
}
