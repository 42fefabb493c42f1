import { nextBit, setBit } from '../lib/bitmap.js';
import type { CpuId, Relid } from '../lib/brand.js';
import type { Completion } from '../machine/completion.js';
import { type Procedure, inFunction, runAtomic } from '../machine/step.js';
import type { Interrupt, World } from '../explore/model.js';
import type { VmbusChannel } from '../vmbus/channel/channel.js';
import { type ChannelMessage, VERSION_WIN10_V5_3 } from '../vmbus/protocol/channel-messages.js';
import { LeanGuest, type LeanGuestOptions } from './lean-guest.js';
import { RaceHost } from './race-host.js';

/** What a lean guest in an explorer's world is made of. */
export interface RaceGuestOptions extends Omit<LeanGuestOptions, 'machine' | 'irq' | 'makeHost'> {
  /** Default 2. */
  readonly cpus?: number;
  /** VMBus version that guest and host have agreed on, as on the wire; default: the newest. */
  readonly version?: number;
  /** Default true: a channel with relid 5 is open on the last CPU. */
  readonly withChannel?: boolean;
  /** Lowest IRQ number of a channel, for races about a number that is used again; default: its relid's, if free. */
  readonly dynirqLowerBound?: number;
  /** Called at the end of each interrupt of a CPU. */
  readonly onIsrEnd?: (cpu: CpuId) => void;
}

/**
 * The options of the lean guest. Each by its name: an object that is spread, with more behind it, takes V8 longer than
 * building the guest's machine.
 */
function leanOptions(
  options: RaceGuestOptions,
  machine: LeanGuestOptions['machine'],
  irq: LeanGuestOptions['irq'],
  makeHost: LeanGuestOptions['makeHost'],
): { readonly [Name in keyof Required<LeanGuestOptions>]: LeanGuestOptions[Name] } {
  return {
    machine,
    irq,
    makeHost,
    beside: options.beside,
    design: options.design,
    parts: options.parts,
    makeLine: options.makeLine,
    makeDrivers: options.makeDrivers,
    behaviour: options.behaviour,
    isolation: options.isolation,
    confidential: options.confidential,
    parameters: options.parameters,
    modchans: options.modchans,
    channelWork: options.channelWork,
    offerCpusLock: options.offerCpusLock,
    seed: options.seed,
  };
}

/**
 * A lean guest in an explorer's world: connected to its host, with one open channel on its last CPU. Its interrupts are
 * contexts of the world, its host is whatever the race makes of RaceHost's notes.
 */
export class RaceGuest extends LeanGuest {
  readonly host: RaceHost;
  readonly channel: VmbusChannel;
  /** Events for CPUs whose synic was off. */
  lost = 0;
  /** Calls of the channel's callback. */
  called = 0;
  /** Those of them on the channel's first CPU when the guest had moved it away. */
  calledOnOld = 0;
  /** The interrupt of each CPU. */
  readonly interrupts: Interrupt[] = [];
  private readonly firstCpu: CpuId;

  constructor(world: World, options: RaceGuestOptions = {}) {
    const {
      cpus = 2,
      version = VERSION_WIN10_V5_3,
      withChannel = true,
      dynirqLowerBound,
      onIsrEnd,
    } = options;
    const host = new RaceHost();
    super(leanOptions(options, { present: cpus }, { dynirqLowerBound }, () => host));
    this.host = host;
    host.contexts = this.vmbus.contexts;
    if (options.beside === undefined) world.attach(this.machine);
    this.connection.connectedWith(version);
    for (const cpu of this.machine.cpus) {
      host.synics.push(true);
      this.connection.synicOnline.set(cpu.id);
      const isr = (): Procedure<unknown> => inFunction('vmbus_isr', this.vmbus.isr.handleSteps(cpu));
      const told = onIsrEnd && (() => andThen(isr(), () => onIsrEnd(cpu.id)));
      this.interrupts.push(world.interrupt(cpu.id, 'vmbus_isr', told ?? isr));
    }
    this.firstCpu = cpus - 1;
    this.channel = this.newChannel(5, this.firstCpu);
    if (!withChannel) return;
    runAtomic(this.connection.relids.map(this.channel));
    runAtomic(this.connection.list(this.channel));
    runAtomic(this.open(this.channel, () => this.noteCall()));
  }

  /** Completed by each message of the guest. */
  get posted(): Completion {
    return this.host.posted;
  }

  /** Messages of the guest. */
  get sent(): readonly ChannelMessage[] {
    return this.host.sent;
  }

  /** The host signals a channel on a CPU: sets its flag and interrupts, unless it was set (HVCALL_SIGNAL_EVENT). */
  *signal(cpu: CpuId, relid: Relid = this.channel.relid): Procedure<void> {
    const { eventFlags, flagsWord } = this.vmbus.contexts[cpu];
    yield flagsWord.update;
    if (!this.host.synics[cpu]) {
      this.lost += 1;
      return;
    }
    setBit(eventFlags, relid);
    this.interrupts[cpu].raise();
  }

  /** The guest in lines of text, for whoever walks through a trace. */
  describe(): readonly string[] {
    const { connection, vmbus, channel, host } = this;
    const channels = [...new Set([channel, ...connection.channels()])];
    return [
      ...channels.map(
        ({ relid, targetCpu, state, irq, rescind, isFreed }) =>
          `channel ${relid}: CPU ${targetCpu}, ${state.kind}, IRQ ${irq}` +
          `${rescind ? ', rescinded' : ''}${isFreed ? ', freed' : ''}`,
      ),
      ...vmbus.contexts.map(
        ({ eventFlags }, cpu) =>
          `CPU ${cpu}: synic ${host.synics[cpu] ? 'on' : 'off'}, event flags {${flagsOf(eventFlags)}}`,
      ),
      `MODIFYCHANNEL: ${connection.modchans.sent} sent, ${connection.modchans.completed} answered; events: ` +
        `${this.called} handled, ${connection.relids.droppedEvents} dropped, ${this.lost} lost`,
    ];
  }

  private noteCall(): void {
    this.called += 1;
    const { thisCpu } = this.machine;
    if (thisCpu === this.firstCpu && thisCpu !== this.channel.targetCpu) this.calledOnOld += 1;
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
