import type { CpuId } from '../../lib/brand.js';
import { sleep } from '../../machine/completion.js';
import type { Procedure } from '../../machine/step.js';
import type { VmbusChannel } from '../channel/channel.js';
import type { ConnectionPort } from '../connection/port.js';
import { VERSION_WIN10_V5_3 } from '../protocol/channel-messages.js';
import type { ModifyChannelPolicy } from './modify-channel-policy.js';
import { TargetCpuStore } from './target-cpu-store.js';

const MS = 1_000_000;
/** How often, and for how long each time, a CPU that goes offline waits for MODIFYCHANNEL_RESPONSEs. */
const MODCHAN_TRIES = 5;
const MODCHAN_SLEEP_NS = 5 * MS;
/** What it waits when the host sends no such responses. */
const MODCHAN_BLIND_SLEEP_NS = 20 * MS;

/**
 * Nobody waits: the `cpu` file sets the affinity of the channel's IRQ, as compared with RFC patch 10 (target_cpu_store,
 * vmbus_irq_set_affinity), and CPUs go offline as without patch 11. Linux 5.8 to 5.12 waits for nobody, either.
 */
export class NoWait implements ModifyChannelPolicy {
  constructor(protected readonly connection: ConnectionPort) {}

  *store(channel: VmbusChannel, cpu: CpuId): Procedure<number> {
    const { channelMutex } = this.connection;
    yield* channelMutex.lock();
    const ret = yield* this.setCpu(channel, cpu);
    yield* channelMutex.unlock();
    return ret;
  }

  *setCpu(channel: VmbusChannel, cpu: CpuId): Procedure<number> {
    return this.connection.relids.setTargetCpu(channel, cpu);
  }

  *beforeOffline(_cpu: CpuId): Procedure<void> {}

  eventsPending(_cpu: CpuId): void {}
}

/** What RFC patch 11 does for hosts older than 5.3, whatever the host is: a CPU that goes offline sleeps for 20 ms. */
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

  override eventsPending(cpu: CpuId): void {
    this.connection.machine.log.printk(`hv_vmbus: Events pending when trying to offline CPU ${cpu}`);
  }
}

/**
 * Before the RFC, since protocol 5.3: whoever writes a channel's `cpu` file waits for the answer, and believes it. Compared
 * with drivers/hv of 6.1, 6.12 and 7.2, and with what they did against a host of ours (test/golden-vmbus, write and event).
 * A write to /proc/irq, which these kernels do not have, cannot wait: the chip is called with the descriptor locked.
 */
export class WaitInSetter extends NoWait {
  private readonly stores = new TargetCpuStore(this.connection);

  override *store(channel: VmbusChannel, cpu: CpuId): Procedure<number> {
    return this.shown(channel, cpu, yield* this.stores.store(channel, cpu));
  }

  override *setCpu(channel: VmbusChannel, cpu: CpuId): Procedure<number> {
    return this.shown(channel, cpu, yield* this.stores.setCpu(channel, cpu));
  }

  /** An IRQ of the channel has the affinity that the channel has now. @returns `ret`. */
  private shown(channel: VmbusChannel, cpu: CpuId, ret: number): number {
    if (ret === 0 && channel.irq !== 0 && channel.targetCpu === cpu)
      this.connection.relids.setTargetCpu(channel, cpu);
    return ret;
  }
}
