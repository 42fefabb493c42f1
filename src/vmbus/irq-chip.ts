import type { CpuId } from '../lib/brand.js';
import { errnoValue } from '../lib/errno.js';
import type { CpuMask } from '../machine/cpumask.js';
import { type Proc, runAtomic } from '../machine/step.js';
import { IRQ_SET_MASK_OK, type IrqChip } from '../irq/irqchip.js';
import type { IrqData } from '../irq/irqdata.js';
import { VmbusChannel } from './channel.js';
import type { VmbusConnection } from './connection.js';
import { CHANNELMSG, VERSION_WIN10_V4_1 } from './protocol.js';

/**
 * The chip of channel interrupts (RFC patches 7, 10 and 12, drivers/hv/vmbus_drv.c). Masking does nothing: without the
 * functions the interrupts would be shown as masked.
 */
export class VmbusIrqChip implements IrqChip {
  readonly name = 'VMBus';
  /** CPU chosen last, for any channel: the next choice starts behind it. */
  private nextCpu: CpuId = 0;

  constructor(private readonly connection: VmbusConnection) {}

  irqMask(): void {}

  irqUnmask(): void {}

  /** Called by the interrupt layer with the descriptor locked, so the steps must not sleep. */
  irqSetAffinity(data: IrqData, dest: CpuMask): number {
    return runAtomic(this.setAffinitySteps(data, dest));
  }

  /**
   * Has the host interrupt a CPU of `dest` (vmbus_irq_set_affinity). Does not wait for the host to follow: until then
   * events still arrive on the old CPU and are handled there.
   *
   * ```
   * this CPU                                    CPU taking `cpu` offline (hv_synic_cleanup)
   * lock                                        lock
   * cpu in synic_online?                        clear cpu in synic_online
   * MODIFYCHANNEL to cpu, modchan_sent + 1      any channel on cpu?  → refuse
   * target = cpu                                unlock
   * unlock                                      wait for modchan_sent MODIFYCHANNELs
   * ```
   * Forbidden: a channel ends up on a CPU whose synic is off.
   *
   * @returns 0; -EINVAL if no CPU of `dest` may be used or the host knows no MODIFYCHANNEL; -EIO if the channel is
   *   not open.
   */
  *setAffinitySteps(data: IrqData, dest: CpuMask): Proc<number> {
    const { connection } = this;
    const channel = data.handlerData;
    if (!(channel instanceof VmbusChannel)) {
      connection.machine.log.printk(
        `hv_vmbus: Bad channel in vmbus_irq_set_affinity for relid ${data.hwirq}`,
      );
      return errnoValue('EINVAL');
    }
    const oldCpu = channel.targetCpu;
    yield* connection.setAffinityLock.lock();
    const ret = yield* this.retarget(channel, dest);
    yield* connection.setAffinityLock.unlock();
    if (ret < 0) return ret;
    const newCpu = channel.targetCpu;
    if (newCpu !== oldCpu) {
      if (channel.isPerf) connection.placement.update(oldCpu, newCpu);
      channel.primaryOrSelf.device?.driver?.targetCpuChanged?.(channel, oldCpu, newCpu);
    }
    data.effectiveAffinity.clearAll();
    data.effectiveAffinity.set(newCpu);
    return IRQ_SET_MASK_OK;
  }

  private *retarget(channel: VmbusChannel, dest: CpuMask): Proc<number> {
    const { connection } = this;
    const { machine } = connection;
    const allowed = dest.andNot(machine.isolated);
    if (allowed.has(channel.targetCpu)) return 0;
    yield connection.synicOnlineWord.read;
    const usable = allowed.and(connection.synicOnline);
    const after = usable.next(this.nextCpu);
    const cpu = after >= 0 ? after : usable.first();
    if (cpu < 0) return errnoValue('EINVAL');
    this.nextCpu = cpu;
    if (channel.state.kind !== 'opened') return errnoValue('EIO');
    if (connection.version < VERSION_WIN10_V4_1) return errnoValue('EINVAL');
    connection.postMessage({ type: CHANNELMSG.MODIFYCHANNEL, childRelid: channel.relid, targetVp: cpu });
    yield connection.modchanSentWord.update;
    connection.modchanSent += 1;
    channel.targetCpu = cpu;
    return 0;
  }
}
