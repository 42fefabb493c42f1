import { nextBit, setBit } from '../lib/bitmap.js';
import type { CpuId, Relid } from '../lib/brand.js';
import { CpuMask } from '../machine/cpumask.js';
import { Completion } from '../machine/completion.js';
import { Machine } from '../machine/machine.js';
import { type Procedure, inFunction, runAtomic } from '../machine/step.js';
import { earlyIrqInit, type IrqCore } from '../irq/core.js';
import type { PerCpuLine } from '../platform/platform.js';
import type { Interrupt, World } from '../explore/model.js';
import { callbackMode, type ChannelRings, VmbusChannel } from '../vmbus/channel/channel.js';
import { vmbusOnEvent, vmbusOnEventSteps } from '../vmbus/channel/handler.js';
import { ChannelOperations } from '../vmbus/channel/open.js';
import { deviceClassId } from '../vmbus/protocol/class-ids.js';
import { type ConnectionOptions, VmbusConnection } from '../vmbus/connection.js';
import { GuestMemory } from '../vmbus/guest-memory.js';
import { type Guid, parseGuid } from '../vmbus/protocol/guid.js';
import type { HostPort } from '../vmbus/host-port.js';
import {
  CHANNELMSG,
  type ChannelMessage,
  decodeMessage,
  type OfferChannel,
  VERSION_WIN10_V5_3,
} from '../vmbus/protocol/channel-messages.js';
import { RING_PAGE_BYTES, RingBuffer, RingReader, RingWriter } from '../vmbus/ring/index.js';
import { Vmbus } from '../vmbus/vmbus.js';

/** The explorer raises interrupts itself. */
export const noLine: PerCpuLine = { *setup() {}, enable: () => {}, disable: () => {}, raise: () => {} };

const noUserData = new Uint8Array(0);
const someClass = deviceClassId('kvp');

export function instanceOf(relid: Relid): Guid {
  const digits = relid.toString(16).padStart(4, '0');
  return parseGuid(`0000${digits}-${digits}-4000-8000-000000000000`);
}

const instances = new Map<Relid, Guid>();

export function offerOf(relid: Relid, instanceId = instances.get(relid) ?? instanceOf(relid)): OfferChannel {
  instances.set(relid, instanceId);
  return {
    type: CHANNELMSG.OFFERCHANNEL,
    classId: someClass,
    instanceId,
    flags: 0,
    mmioMegabytes: 0,
    userDefined: noUserData,
    subChannelIndex: 0,
    childRelid: relid,
    monitorId: 0xff,
    monitorAllocated: false,
    isDedicatedInterrupt: true,
    connectionId: relid,
  };
}

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

export interface RaceGuestOptions extends ConnectionOptions {
  readonly cpus?: number;
  readonly version?: number;
  /** Default true: a channel with relid 5 is open on the last CPU. */
  readonly withChannel?: boolean;
  /** Lowest IRQ number of a channel, for races about a number that is used again; default: its relid's, if free. */
  readonly dynirqLowerBound?: number;
  /** Makes the line of VMBus interrupts, where a race is about it. */
  readonly makeLine?: (machine: Machine, core: IrqCore) => PerCpuLine;
  /** Called at the end of each interrupt of a CPU. */
  readonly onIsrEnd?: (cpu: CpuId) => void;
}

/**
 * A guest connected to its host, with one open channel on its last CPU, small enough to be built for each execution of
 * a race. It is its own host port and only notes what it is asked; a race's host is a context of its own.
 */
export class RaceGuest implements HostPort {
  readonly machine: Machine;
  readonly connection: VmbusConnection;
  readonly operations: ChannelOperations;
  readonly vmbus: Vmbus;
  readonly channel: VmbusChannel;
  /** CPUs whose synics the host may use. */
  readonly synics: boolean[] = [];
  /** Completed by each message for the host. */
  readonly posted = new Completion('message for the host');
  readonly sent: ChannelMessage[] = [];
  /** Events for CPUs whose synic was off. */
  lost = 0;
  /** Calls of the channel's callback. */
  called = 0;
  /** Those of them on the channel's first CPU when the guest had moved it away. */
  calledOnOld = 0;
  readonly interrupts: Interrupt[] = [];
  /** Told of each message for the host. */
  onPost: ((message: ChannelMessage) => void) | undefined;
  private readonly firstCpu: CpuId;

  constructor(world: World, options: RaceGuestOptions = {}) {
    const { cpus = 2, version = VERSION_WIN10_V5_3, withChannel = true, makeLine, onIsrEnd } = options;
    this.machine = new Machine({ present: cpus });
    world.attach(this.machine);
    const irq = earlyIrqInit(this.machine, { dynirqLowerBound: options.dynirqLowerBound });
    const line = makeLine?.(this.machine, irq) ?? noLine;
    this.connection = new VmbusConnection(this.machine, this, new GuestMemory(), irq, options);
    this.connection.connectedWith(version);
    this.operations = new ChannelOperations(this.connection, irq);
    this.vmbus = new Vmbus(this.connection, this.operations, line, []);
    for (const cpu of this.machine.cpus) {
      this.synics.push(true);
      this.connection.synicOnline.set(cpu.id);
      const isr = (): Procedure<unknown> => inFunction('vmbus_isr', this.vmbus.isr.handleSteps(cpu));
      const told = onIsrEnd && (() => andThen(isr(), () => onIsrEnd(cpu.id)));
      this.interrupts.push(world.interrupt(cpu.id, 'vmbus_isr', told ?? isr));
    }
    this.firstCpu = cpus - 1;
    this.channel = this.newChannel(5, this.firstCpu);
    if (!withChannel) return;
    runAtomic(this.connection.relids.map(this.channel));
    this.connection.primaries.push(this.channel);
    runAtomic(this.open(this.channel, () => this.noteCall()));
  }

  private noteCall(): void {
    this.called += 1;
    const { thisCpu } = this.machine;
    if (thisCpu === this.firstCpu && thisCpu !== this.channel.targetCpu) this.calledOnOld += 1;
  }

  /** A channel whose callback is called in the interrupt; nobody knows it yet. */
  newChannel(relid: Relid, targetCpu: CpuId, instanceId?: Guid): VmbusChannel {
    const offer = offerOf(relid, instanceId);
    const channel = new VmbusChannel(this.machine, offer, vmbusOnEvent, vmbusOnEventSteps);
    channel.target.set(targetCpu);
    channel.callbackMode = callbackMode.isr;
    return channel;
  }

  /** Opens a channel as far as interrupts are concerned. */
  *open(channel: VmbusChannel, callback: () => void): Procedure<void> {
    yield* this.connection.relids.requestIrq(channel);
    channel.storeCallback(callback, '__vmbus_open');
    channel.stateVar.set({ kind: 'opened', rings: unusedRings() });
    channel.probeDone.completeAll();
  }

  mask(...cpus: readonly CpuId[]): CpuMask {
    return CpuMask.of(this.machine.nrCpuIds, cpus);
  }

  /** The host signals a channel on a CPU: sets its flag and interrupts, unless it was set (HVCALL_SIGNAL_EVENT). */
  *signal(cpu: CpuId, relid: Relid = this.channel.relid): Procedure<void> {
    const { eventFlags, flagsWord } = this.vmbus.contexts[cpu];
    yield flagsWord.update;
    if (!this.synics[cpu]) {
      this.lost += 1;
      return;
    }
    setBit(eventFlags, relid);
    this.interrupts[cpu].raise();
  }

  postMessage(bytes: Uint8Array): void {
    const message = decodeMessage(bytes);
    this.sent.push(message);
    this.posted.complete();
    this.onPost?.(message);
  }

  signalEvent(): void {}

  enableSynic(cpu: CpuId): void {
    this.vmbus.contexts[cpu].flagsWord.announce();
    this.synics[cpu] = true;
  }

  disableSynic(cpu: CpuId): void {
    this.vmbus.contexts[cpu].flagsWord.announce();
    this.synics[cpu] = false;
  }

  endOfMessage(): void {}

  /** The guest in lines of text, for whoever walks through a trace. */
  describe(): readonly string[] {
    const { connection, vmbus, channel } = this;
    const channels = [...new Set([channel, ...connection.channels()])];
    return [
      ...channels.map(
        ({ relid, targetCpu, state, irq, rescind, isFreed }) =>
          `channel ${relid}: CPU ${targetCpu}, ${state.kind}, IRQ ${irq}` +
          `${rescind ? ', rescinded' : ''}${isFreed ? ', freed' : ''}`,
      ),
      ...vmbus.contexts.map(
        ({ eventFlags }, cpu) =>
          `CPU ${cpu}: synic ${this.synics[cpu] ? 'on' : 'off'}, event flags {${flagsOf(eventFlags)}}`,
      ),
      `MODIFYCHANNEL: ${connection.modchans.sent} sent, ${connection.modchans.completed} answered; events: ` +
        `${this.called} handled, ${connection.relids.droppedEvents} dropped, ${this.lost} lost`,
    ];
  }
}

function* andThen(proc: Procedure<unknown>, after: () => void): Procedure<void> {
  yield* proc;
  after();
}

function flagsOf(eventFlags: Uint32Array): string {
  const relids: number[] = [];
  for (let relid = nextBit(eventFlags, 0); relid >= 0; relid = nextBit(eventFlags, relid + 1))
    relids.push(relid);
  return relids.join(' ');
}
