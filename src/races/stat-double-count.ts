import { setBit, testBit } from '../lib/bitmap.js';
import type { CpuId, Relid } from '../lib/brand.js';
import { type Procedure, runAtomic } from '../machine/step.js';
import { genericHandleIrqDesc } from '../irq/line/handle.js';
import { Arm64Platform } from '../platform/arm64/platform.js';
import { VMBUS_LINE_NAME, VmbusPpi } from '../platform/arm64/vmbus-ppi.js';
import type { Interrupt, Model, World } from '../explore/model.js';
import { InterruptsView } from '../view/interrupts/live.js';
import { intrLine } from '../view/proc/stat.js';
import { VmbusIsr } from '../vmbus/isr.js';
import { CHANNELMSG, encodeMessage } from '../vmbus/protocol/channel-messages.js';
import { HVMSG_NONE, HVMSG_VMBUS } from '../vmbus/synic.js';
import type { VmbusDesign } from '../vmbus/variants/design.js';
import { topLevels } from '../vmbus/variants/index.js';
import { RaceGuest } from '../lab/race-guest.js';
import { defineRace } from './race.js';

type TopLevel = VmbusDesign['topLevel'];

const message = encodeMessage({ type: CHANNELMSG.ALLOFFERS_DELIVERED });
/** Control messages come to this CPU. */
const CONNECT_CPU: CpuId = 0;
const FIRST_RELID = 5;
const SECOND_RELID = 6;

/** An arm64 guest with two channels, whose PPI demultiplexes their events and control messages. */
class CountingGuest {
  readonly guest: RaceGuest;
  /** What the host had the guest handle: events whose flag was clear, and messages. */
  events = 0;
  /** Interrupts of the PPI on each CPU. */
  private readonly interruptsOn = [0, 0];
  private readonly platform: Arm64Platform;
  private readonly lines: Interrupt[] = [];

  /** @param channelCpu where the channels' events come. */
  constructor(
    world: World,
    topLevel: TopLevel,
    private readonly channelCpu: CpuId,
  ) {
    let platform: Arm64Platform | undefined;
    this.guest = new RaceGuest(world, {
      design: { topLevel },
      makeLine: (machine, core, accounting) => {
        platform = new Arm64Platform(machine, core, accounting);
        return platform.vmbusLine;
      },
    });
    if (platform === undefined) throw new Error('the guest has no platform');
    this.platform = platform;
    this.setUp(world, topLevel);
  }

  private setUp(world: World, topLevel: TopLevel): void {
    const { guest, platform } = this;
    const { connection, machine, vmbus } = guest;
    const control = topLevels[topLevel].controlMessages(connection);
    const isr = new VmbusIsr(
      vmbus.contexts,
      connection.relids,
      control,
      connection.host,
      connection.eventScan,
    );
    runAtomic(platform.vmbusLine.setup((cpu) => isr.handle(cpu)));
    runAtomic(control.setup(vmbus.contexts));
    const second = guest.newChannel(SECOND_RELID, this.channelCpu);
    runAtomic(connection.relids.map(second));
    runAtomic(guest.open(second, () => {}));
    for (const cpu of machine.cpus) {
      platform.vmbusLine.enable(cpu);
      const ppi = (): Procedure<void> => this.interrupt(cpu.id);
      this.lines.push(world.interrupt(cpu.id, 'vmbus_percpu_isr', ppi));
    }
  }

  /** The flow handler and all behind it, in one step. */
  private *interrupt(cpu: CpuId): Procedure<void> {
    const { vmbus } = this.guest;
    yield vmbus.contexts[cpu].flagsWord.update;
    vmbus.contexts[cpu].messageWord.announce();
    this.interruptsOn[cpu] += 1;
    genericHandleIrqDesc(VmbusPpi.mapLine(this.platform.gic));
  }

  *host(): Procedure<void> {
    yield* this.signal(FIRST_RELID);
    yield* this.sendMessage();
    yield* this.signal(SECOND_RELID);
  }

  private *signal(relid: Relid): Procedure<void> {
    const { eventFlags, flagsWord } = this.guest.vmbus.contexts[this.channelCpu];
    yield flagsWord.update;
    if (testBit(eventFlags, relid)) return;
    this.events += 1;
    setBit(eventFlags, relid);
    this.lines[this.channelCpu].raise();
  }

  private *sendMessage(): Procedure<void> {
    const { message: slot, messageWord } = this.guest.vmbus.contexts[CONNECT_CPU];
    yield messageWord.update;
    if (slot.type !== HVMSG_NONE) return;
    this.events += 1;
    slot.payload.set(message);
    slot.payloadSize = message.length;
    slot.type = HVMSG_VMBUS;
    this.lines[CONNECT_CPU].raise();
  }

  /** Interrupts of the PPI. */
  get interrupts(): number {
    return this.interruptsOn[0] + this.interruptsOn[1];
  }

  /** The total of interrupts in /proc/stat. */
  get inStat(): number {
    return Number(/^intr (\d+)/.exec(intrLine(this.guest.connection.irq, this.platform))?.[1]);
  }

  get procInterrupts(): string {
    return new InterruptsView(this.guest.connection.irq, this.platform).text();
  }
}

/**
 * The host signals two channels on CPU 1, and sends a control message to CPU 0.
 *
 * ```
 * host                                   CPU 1, arm64
 * event flag of channel 5
 * raises the PPI
 *                                        vmbus_percpu_isr: the PPI counts
 *                                        channel 5: its own IRQ counts
 * ```
 * Forbidden: /proc/stat has two interrupts for one event. Nor may it have none, as for a control message if the PPI counts
 * nothing.
 */
function model(topLevel: TopLevel, channelCpu: CpuId, isShown: boolean): Omit<Model<CountingGuest>, 'name'> {
  return {
    setup(world): CountingGuest {
      const counting = new CountingGuest(world, topLevel, channelCpu);
      world.task('host', 'host', counting.host());
      return counting;
    },
    finally: {
      'the total of /proc/stat is the number of events': ({ inStat, events }) =>
        inStat === events || `${inStat} counted for ${events} events`,
      'the top level is in /proc/interrupts where it should be': ({ procInterrupts }) =>
        procInterrupts.includes(VMBUS_LINE_NAME) === isShown ||
        `the top level is ${isShown ? 'not ' : ''}in /proc/interrupts`,
    },
    sometimes: {
      'an interrupt handled two events': ({ interrupts, events }) => interrupts < events,
      'each event had an interrupt': ({ interrupts, events }) => interrupts === events,
    },
    outcome: ({ inStat, events, interrupts }) =>
      `${interrupts} interrupts for ${events} events, ${inStat} counted in /proc/stat`,
    describe: ({ guest, events, inStat, procInterrupts }) => [
      ...guest.describe(),
      `${events} events, ${inStat} counted in /proc/stat`,
      ...procInterrupts.trimEnd().split('\n'),
    ],
  };
}

export const statDoubleCount = defineRace({
  id: 'stat-double-count',
  source: 'RFC "VMBus channel interrupts as Linux IRQs", patch 6 and its review',
  property: 'the total of /proc/stat is the number of events handled, each counted once (arm64)',
  variants: {
    percpu: {
      summary: 'the top level counts each of its interrupts',
      expected: 'found',
      message: 'counted for',
      model: () => model('percpu', 1, true),
    },
    'percpu-demux': {
      summary: 'the top level counts itself when it had a control message: the RFC',
      expected: 'none',
      model: () => model('percpu-demux', 1, true),
    },
    'percpu-nostat-hidden': {
      summary: 'the top level counts nothing and is hidden, control messages have an IRQ',
      expected: 'none',
      model: () => model('percpu-nostat-hidden', 1, false),
    },
    'percpu-nostat-visible': {
      summary: 'the top level is in /proc/interrupts only, control messages have an IRQ',
      expected: 'none',
      model: () => model('percpu-nostat-visible', 1, true),
    },
    'percpu-demux-connect-cpu': {
      summary: 'the RFC; the channels are on the CPU of control messages, one of which waits for its tasklet',
      expected: 'found',
      message: 'counted for',
      model: () => model('percpu-demux', 0, true),
    },
  },
});
