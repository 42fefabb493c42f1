import { assert } from '../../../lib/assert.js';
import type { CpuId } from '../../../lib/brand.js';
import { errnoValue } from '../../../lib/errno.js';
import { type IrqData, irqd } from '../../../irq/data/irqdata.js';
import { CpuMask } from '../../../machine/cpumask.js';
import type { Machine } from '../../../machine/machine.js';
import { cpusOfNode } from '../../../machine/topology.js';
import type { EdgeFate } from '../../line-hardware.js';
import type { Gic } from '../gic.js';
import { ItsDevice, roundUpPowerOfTwo } from './device.js';
import { type LpiRanges, NR_LPIS } from './lpi-ranges.js';

const EINVAL = errnoValue('EINVAL');
/** Messages that there is room for where devices' ids are not wired, so that all are device 0. */
const ROOM_OF_DEVICE_0 = 32;

/**
 * An ITS: turns messages of devices into LPIs of a GICv3, each for the CPU of its collection, which is chosen among
 * those of the affinity by how few LPIs it has (drivers/irqchip/irq-gic-v3-its.c). Its functions take the irq_data of
 * the ITS' own level, whose hwirq is the LPI and whose chipData the ItsDevice.
 */
export class Its {
  private readonly devices = new Map<number, ItsDevice>();
  /** LPIs on each CPU, managed ones apart (cpu_lpi_count). */
  private readonly managed: Uint32Array;
  private readonly unmanaged: Uint32Array;

  constructor(
    private readonly machine: Machine,
    private readonly gic: Gic,
    private readonly lpis: LpiRanges,
    /** NUMA node that it is on, -1 for none. */
    private readonly node = -1,
  ) {
    this.managed = new Uint32Array(machine.nrCpuIds);
    this.unmanaged = new Uint32Array(machine.nrCpuIds);
    gic.enableLpis(NR_LPIS);
  }

  /**
   * Makes the table of events for a device that wants `nvec` messages, unless it has one (its_pci_msi_prepare,
   * its_msi_prepare); undefined if there are no LPIs left. It may be for fewer messages, as there are LPIs in a row.
   */
  prepare(deviceId: number, nvec: number): ItsDevice | undefined {
    const present = this.devices.get(deviceId);
    if (present !== undefined) {
      present.isShared = true;
      return present;
    }
    let count = roundUpPowerOfTwo(Math.max(nvec, deviceId === 0 ? ROOM_OF_DEVICE_0 : 1));
    let base = this.lpis.alloc(count);
    while (base < 0 && count > 1) {
      count >>>= 1;
      base = this.lpis.alloc(count);
    }
    if (base < 0) return undefined;
    const device = new ItsDevice(deviceId, base, count);
    this.devices.set(deviceId, device);
    return device;
  }

  /** The device has no messages any more, unless it shares its table with others (its_msi_teardown). */
  teardown(device: ItsDevice): void {
    if (device.isShared || !device.isUnused) return;
    this.lpis.release(device.lpiBase, device.nrLpis);
    this.devices.delete(device.id);
  }

  /**
   * What a line of the ITS is like (its_irq_domain_alloc). Kernels that can resend a fasteoi interrupt which came to
   * another CPU meanwhile do so for LPIs, which have no active state to hold it back.
   */
  setUpLine(d: IrqData): void {
    d.set(irqd.SINGLE_TARGET | irqd.AFFINITY_ON_ACTIVATE);
    if (d.desc.core.behaviour.fasteoiResendsPending) d.set(irqd.RESEND_WHEN_IN_PROGRESS);
  }

  /** Has the message come to a CPU, whatever the affinity: the first thing to do (its_irq_domain_activate). */
  activate(d: IrqData): number {
    const device = deviceOf(d);
    const cpu = this.selectCpu(d, this.machine.online);
    if (cpu < 0) return EINVAL;
    this.countsOf(d)[cpu] += 1;
    device.map(device.eventOf(d.hwirq), cpu);
    this.gic.setRoute(d.hwirq, cpu);
    setEffective(d, cpu);
    return 0;
  }

  /** The message means nothing any more (its_irq_domain_deactivate). */
  deactivate(d: IrqData): void {
    const device = deviceOf(d);
    const event = device.eventOf(d.hwirq);
    this.countsOf(d)[device.collectionOf(event)] -= 1;
    device.discard(event);
    this.gic.setPending(d.hwirq, false);
  }

  /** Moves the LPI, if it is not on the chosen CPU already; 0 or EINVAL (its_set_affinity). */
  setAffinity(d: IrqData, mask: CpuMask, force: boolean): number {
    const device = deviceOf(d);
    const event = device.eventOf(d.hwirq);
    const counts = this.countsOf(d);
    const previous = device.collectionOf(event);
    counts[previous] -= 1;
    const cpu = force ? leastLoaded(counts, mask) : this.selectCpu(d, mask);
    counts[cpu < 0 ? previous : cpu] += 1;
    if (cpu < 0) return EINVAL;
    if (cpu !== previous) {
      device.map(event, cpu);
      this.gic.setRoute(d.hwirq, cpu);
      setEffective(d, cpu);
    }
    return 0;
  }

  /** A device sends a message, which is dropped if nobody has set it up. */
  message(deviceId: number, event: number): EdgeFate {
    const lpi = this.devices.get(deviceId)?.translate(event);
    if (lpi === undefined) return 'lost';
    const fate = this.gic.isEdgeWaiting(lpi) ? 'joined' : 'sent';
    this.gic.pulseLpi(lpi);
    return fate;
  }

  /** The device with this id, undefined if none has been prepared. */
  device(id: number): ItsDevice | undefined {
    return this.devices.get(id);
  }

  /** LPIs on each CPU. */
  counts(kind: 'managed' | 'unmanaged'): readonly number[] {
    return [...this[kind]];
  }

  /**
   * The CPU for an LPI (its_select_cpu): the one with the fewest of its kind, in the mask and on the ITS' node; else in
   * the mask, else any online one. Managed ones keep to the mask, whatever is online.
   */
  private selectCpu(d: IrqData, mask: CpuMask): CpuId {
    const { machine, node } = this;
    const counts = this.countsOf(d);
    if (d.has(irqd.AFFINITY_MANAGED)) return leastLoaded(counts, mask);
    const present = mask.and(machine.online);
    if (node >= 0) {
      const near = CpuMask.of(machine.nrCpuIds, cpusOfNode(machine.topology, node));
      const cpu = leastLoaded(counts, present.and(near));
      if (cpu >= 0) return cpu;
    }
    return leastLoaded(counts, present.isEmpty ? machine.online : present);
  }

  private countsOf(d: IrqData): Uint32Array {
    return d.has(irqd.AFFINITY_MANAGED) ? this.managed : this.unmanaged;
  }
}

/** The CPU of the mask with the fewest LPIs, the lowest of those; -1 for an empty mask (cpumask_pick_least_loaded). */
function leastLoaded(counts: Uint32Array, mask: CpuMask): CpuId {
  let least = -1;
  for (const cpu of mask) if (least < 0 || counts[cpu] < counts[least]) least = cpu;
  return least;
}

function deviceOf(d: IrqData): ItsDevice {
  const { chipData } = d;
  assert(chipData instanceof ItsDevice, 'an LPI without its device', { irq: d.irq });
  return chipData;
}

function setEffective(d: IrqData, cpu: CpuId): void {
  d.effectiveAffinity.clearAll();
  d.effectiveAffinity.set(cpu);
}
