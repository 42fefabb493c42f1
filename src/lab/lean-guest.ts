import type { CpuId, Relid } from '../lib/brand.js';
import { earlyIrqInit, type IrqCore, type IrqCoreOptions } from '../irq/core.js';
import { CpuMask } from '../machine/cpumask.js';
import { Machine, type MachineOptions } from '../machine/machine.js';
import type { Procedure } from '../machine/step.js';
import type { LineAccounting } from '../platform/line-accounting.js';
import type { PerCpuLine } from '../platform/platform.js';
import { callbackMode, type ChannelRings, VmbusChannel } from '../vmbus/channel/channel.js';
import { vmbusOnEvent, vmbusOnEventSteps } from '../vmbus/channel/handler.js';
import type { ChannelOperations } from '../vmbus/channel/open.js';
import type { ConnectionOptions, VmbusConnection } from '../vmbus/connection/connection.js';
import type { VmbusDriver } from '../vmbus/driver.js';
import { GuestMemory } from '../vmbus/guest-memory.js';
import type { HostPort } from '../vmbus/host-port.js';
import type { Guid } from '../vmbus/protocol/guid.js';
import { RING_PAGE_BYTES, RingBuffer, RingReader, RingWriter } from '../vmbus/ring/index.js';
import type { VmbusDesign } from '../vmbus/variants/design.js';
import type { DesignParts } from '../vmbus/variants/design-parts.js';
import { designParts } from '../vmbus/variants/index.js';
import { hypervBehaviour } from '../vmbus/kernel.js';
import { createVmbus, type Vmbus } from '../vmbus/vmbus.js';
import { offerOf } from './offers.js';

/** Where a guest's host is reached from: what it can touch of the guest. */
export interface HostSide {
  readonly machine: Machine;
  readonly memory: GuestMemory;
  readonly line: PerCpuLine;
}

/** What a lean guest is made of. */
export interface LeanGuestOptions extends ConnectionOptions {
  /**
   * A guest that this one is a second VMBus connection of, with a synic message source and a host connection of its own:
   * machine and interrupts are that guest's.
   */
  readonly beside?: LeanGuest;
  /** Default: 2 CPUs. */
  readonly machine?: MachineOptions;
  readonly irq?: IrqCoreOptions;
  /** Choices other than the default ones. */
  readonly design?: Partial<VmbusDesign>;
  /** What builds parts of the design instead, for classes of one's own. */
  readonly parts?: Partial<DesignParts>;
  /** Makes the line of VMBus interrupts; default: none, whoever drives the guest runs the handlers itself. */
  readonly makeLine?: (machine: Machine, irq: IrqCore, accounting: LineAccounting) => PerCpuLine;
  readonly makeHost: (side: HostSide) => HostPort;
  /** Default: none. */
  readonly makeDrivers?: (operations: ChannelOperations) => readonly VmbusDriver[];
}

/** A line that nobody raises. */
export const noLine: PerCpuLine = {
  *setup() {
    return 0;
  },
  *remove() {},
  enable: () => {},
  disable: () => {},
  raise: () => {},
};

let unused: ChannelRings | undefined;

/** Rings of a channel whose callback does not look at them: nobody changes them, so one pair serves all. */
function unusedRings(): ChannelRings {
  if (unused !== undefined) return unused;
  const newRing = (): RingBuffer => {
    const ring = new RingBuffer(new ArrayBuffer(2 * RING_PAGE_BYTES), 0, 2 * RING_PAGE_BYTES);
    ring.init();
    return ring;
  };
  unused = { gpadl: 1, pfn: 0, outbound: new RingWriter(newRing()), inbound: new RingReader(newRing()) };
  return unused;
}

/** The behaviour of drivers/hv is that of the interrupt layer's kernel, unless it is given. */
function ofKernel(options: LeanGuestOptions): ConnectionOptions {
  const kernel = options.irq?.kernel;
  if (kernel === undefined || options.behaviour !== undefined) return options;
  return { ...options, behaviour: hypervBehaviour(kernel) };
}

/**
 * A guest of just machine, interrupt layer and VMBus, built by hand and without a container: small enough to be built
 * tens of thousands of times a second. It has not booted: `vmbus.init()` does that where there is a host that answers.
 */
export class LeanGuest {
  readonly machine: Machine;
  readonly irq: IrqCore;
  readonly memory = new GuestMemory();
  readonly line: PerCpuLine;
  readonly vmbus: Vmbus;

  constructor(options: LeanGuestOptions) {
    const { machine = { present: 2 }, beside, design, parts, makeLine, makeHost } = options;
    const ofDesign = designParts(design);
    const built = parts === undefined ? ofDesign : { ...ofDesign, ...parts };
    this.machine = beside?.machine ?? new Machine(machine);
    this.irq = beside?.irq ?? earlyIrqInit(this.machine, options.irq);
    this.line = makeLine?.(this.machine, this.irq, built.topLevel.line) ?? noLine;
    this.vmbus = createVmbus({
      machine: this.machine,
      irq: this.irq,
      host: makeHost(this),
      memory: this.memory,
      line: this.line,
      design: built,
      makeDrivers: options.makeDrivers,
      connection: ofKernel(options),
    });
  }

  get connection(): VmbusConnection {
    return this.vmbus.connection;
  }

  get operations(): ChannelOperations {
    return this.vmbus.operations;
  }

  mask(...cpus: readonly CpuId[]): CpuMask {
    return CpuMask.of(this.machine.nrCpuIds, cpus);
  }

  /** A channel whose callback is called in the interrupt; nobody knows it yet. */
  newChannel(relid: Relid, targetCpu: CpuId, instanceId?: Guid): VmbusChannel {
    const offer = offerOf(relid, instanceId);
    const channel = new VmbusChannel(this.machine, offer, vmbusOnEvent, vmbusOnEventSteps);
    channel.target.set(targetCpu);
    channel.callbackMode = callbackMode.isr;
    return channel;
  }

  /** Opens a channel as far as interrupts are concerned, without asking the host. */
  *open(channel: VmbusChannel, callback: () => void): Procedure<void> {
    yield* this.connection.lifetime.opened(channel);
    yield* this.connection.relids.requestIrq(channel);
    channel.storeCallback(callback, '__vmbus_open');
    channel.stateVar.set({ kind: 'opened', rings: unusedRings() });
    channel.probeDone.completeAll();
  }
}
