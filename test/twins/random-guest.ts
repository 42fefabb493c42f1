import { LeanGuest } from '../../src/lab/lean-guest.js';
import { IRQF_SHARED, irqchipFlags, irqd, irqs, irqStatus, requestThreadedIrq } from '../../src/irq/index.js';
import type { IrqDesc } from '../../src/irq/data/irqdesc.js';
import { setBit } from '../../src/lib/bitmap.js';
import { CpuMask } from '../../src/machine/cpumask.js';
import { Prng } from '../../src/lib/prng.js';
import { runAtomic } from '../../src/machine/step.js';
import { callbackMode, type VmbusChannel } from '../../src/vmbus/channel/channel.js';
import { type HostPort, HV_STATUS_INVALID_PARAMETER, HV_STATUS_SUCCESS } from '../../src/vmbus/host-port.js';
import { VERSION_WIN10_V5_3 } from '../../src/vmbus/protocol/channel-messages.js';
import { HVMSG_NONE, HVMSG_VMBUS } from '../../src/vmbus/synic.js';
import { designChoices, type VmbusDesign } from '../../src/vmbus/variants/design.js';
import { hostMessage } from '../fuzz/messages.js';
import { RandomRing } from './random-ring.js';

const CPUS = 3;
const RELIDS = [1, 2, 5, 31, 32, 64, 700, 2047];

/**
 * A guest whose channels, interrupts, rings, synics and design come out of a seed: equal seeds make equal guests, of
 * which one runs the plain form and one the steps. What happens goes into `log`.
 */
export class RandomGuest {
  readonly log: string[] = [];
  readonly guest: LeanGuest;
  readonly channels: readonly VmbusChannel[];
  readonly rings = new Map<VmbusChannel, RandomRing>();
  readonly prng: Prng;

  constructor(seed: number, axes: Partial<VmbusDesign> = {}) {
    const prng = new Prng(seed);
    this.prng = prng;
    const design = {
      relidMap: prng.pick(designChoices.relidMap),
      lifetime: prng.pick(designChoices.lifetime),
      ringOrder: prng.pick(designChoices.ringOrder),
      ...axes,
    };
    const host: HostPort = {
      postMessage: (bytes) => {
        this.log.push(`post ${bytes.join(' ')}`);
        return HV_STATUS_SUCCESS;
      },
      signalEvent: (connectionId) => this.log.push(`signal ${connectionId}`),
      monitorTriggered: () => {},
      awaitAnswers: () => {},
      retargetInterrupt: () => HV_STATUS_INVALID_PARAMETER,
      vpIndex: (cpu) => cpu,
      reportCrash: () => {},
      enableSynic: () => {},
      disableSynic: () => {},
      endOfMessage: (cpu) => this.log.push(`end of message on ${cpu}`),
    };
    this.guest = new LeanGuest({ machine: { present: CPUS }, design, makeHost: () => host });
    // What is redirected waits: the interrupt would run tasklets, of which one whose ring nobody reads never ends.
    if (design.relidMap === 'irqdomain-redirect') {
      for (const cpu of this.guest.machine.cpus) cpu.localIrqDisable();
    }
    this.guest.connection.connectedWith(VERSION_WIN10_V5_3);
    const sent = prng.below(3);
    for (let i = 0; i < sent; i++) this.guest.connection.modchans.sentOne();
    this.channels = RELIDS.slice(0, 1 + prng.below(RELIDS.length)).map((relid) => this.channel(relid));
    this.guest.machine.thisCpu = prng.below(CPUS);
    for (const cpu of this.guest.machine.cpus) this.fillSynic(cpu.id);
  }

  /** Something that is true about one time in `n`. */
  chance(n: number): boolean {
    return this.prng.below(n) === 0;
  }

  get thisCpu() {
    const { machine } = this.guest;
    return machine.cpus[machine.thisCpu];
  }

  /** Some of the CPUs, perhaps none. */
  mask(): CpuMask {
    const { machine } = this.guest;
    return CpuMask.of(
      CPUS,
      machine.cpus.map(({ id }) => id).filter(() => this.chance(2)),
    );
  }

  /** A line of the channels' interrupt layer with a state that an interrupt can find it in. */
  line(): IrqDesc {
    const { guest, prng } = this;
    const channel = prng.pick(this.channels);
    if (channel.irq === 0) runAtomic(guest.connection.relids.map(channel));
    const desc = guest.irq.desc(channel.irq);
    if (desc === undefined) throw new Error(`channel ${channel.relid} has no line`);
    for (const bit of [irqd.IRQ_INPROGRESS, irqd.WAKEUP_ARMED, irqd.IRQ_DISABLED, irqd.HANDLE_ENFORCE_IRQCTX])
      if (this.chance(6)) desc.state |= bit;
    // In one go nobody can be in the middle of a poll: a line in progress is none that is polled.
    const polled = desc.data.has(irqd.IRQ_INPROGRESS) ? [] : [irqs.POLL_INPROGRESS];
    for (const bit of [irqs.PENDING, irqs.REPLAY, irqs.WAITING, ...polled])
      if (this.chance(4)) desc.istate |= bit;
    guest.irq.irqfixup = prng.pick([0, 0, 0, 1, 2]);
    if (this.chance(5)) desc.status |= irqStatus.NO_DEBUG;
    desc.irqsUnhandled = prng.pick([0, 0, 1, 99_900, 99_901]);
    desc.cold.irqCount = prng.pick([0, 7, 99_999]);
    const handlers = prng.below(3);
    for (let i = 0; i < handlers; i++) this.addHandler(desc, i);
    return desc;
  }

  /** Such a line whose chip has all that flow handlers may ask for, and notes it. */
  lineOnChip(): IrqDesc {
    const desc = this.line();
    const { prng, log } = this;
    const note = (what: string) => (): void => {
      log.push(`${what} ${desc.irq}`);
    };
    desc.data.chip = {
      name: 'fake',
      flags: prng.pick([0, irqchipFlags.EOI_IF_HANDLED, irqchipFlags.EOI_THREADED]),
      irqMask: note('mask'),
      irqUnmask: note('unmask'),
      irqAck: note('ack'),
      irqEoi: note('eoi'),
    };
    if (this.chance(3)) desc.state |= irqd.IRQ_MASKED;
    if (this.chance(3)) desc.istate |= irqs.ONESHOT;
    if (this.chance(4)) desc.threadsOneshot = 1;
    if (this.chance(3)) desc.state |= irqd.RESEND_WHEN_IN_PROGRESS;
    return desc;
  }

  /** The rings of an open channel, or such as one could have. */
  ring(): RandomRing {
    const [ring = new RandomRing(this.prng, this.guest.connection.design.ringOrder)] = this.rings.values();
    if (this.rings.size === 0) this.rings.set(this.channels[0], ring);
    return ring;
  }

  /** Everything that a form could have changed. */
  look(): unknown {
    const { guest, channels, rings, log } = this;
    const { connection, vmbus, machine } = guest;
    return {
      log: [...log, ...machine.log.lines.map(({ text }) => text)],
      channels: channels.map((channel) => ({
        relid: channel.relid,
        rescind: channel.rescind,
        hasCallback: channel.onChannelCallback !== undefined,
        state: channel.state.kind,
        interrupts: channel.interrupts,
        target: channel.targetCpu,
        references: channel.references,
        isFreed: channel.isFreed,
        scheduled: channel.callbackEvent.scheduled,
        ring: rings.get(channel)?.look(),
      })),
      lines: [...guest.irq.descs()].map(
        ({ irq, state, istate, totCount, irqsUnhandled, cold, handleIrq }) => ({
          irq,
          state,
          istate,
          totCount,
          irqsUnhandled,
          irqCount: cold.irqCount,
          kstat: [...cold.kstat],
          redirected: cold.redirectWork?.isPending,
          flow: handleIrq.name,
        }),
      ),
      synics: vmbus.contexts.map(({ eventFlags, message, msgDpc }) => ({
        eventFlags: [...eventFlags],
        message: message.type,
        scheduled: msgDpc.scheduled,
      })),
      dropped: connection.relids.droppedEvents,
      isr: [vmbus.isr.interrupts, vmbus.isr.relid0Events],
      modchans: [connection.modchans.sent, connection.modchans.completed],
      offers: connection.offers.count,
      refused: [...connection.refused],
      tasks: machine.liveTasks,
      irqsDisabled: machine.cpus.map((cpu) => cpu.irqsDisabled),
    };
  }

  private channel(relid: number): VmbusChannel {
    const { guest, prng } = this;
    const channel = guest.newChannel(relid, prng.below(CPUS));
    channel.callbackMode = prng.pick([callbackMode.batched, callbackMode.direct, callbackMode.isr]);
    channel.references = prng.pick([1, 1, 2]);
    runAtomic(guest.connection.relids.map(channel));
    runAtomic(guest.connection.list(channel));
    if (this.chance(4)) return channel;
    runAtomic(guest.open(channel, () => this.log.push(`callback of ${relid}`)));
    const ring = new RandomRing(prng, guest.connection.design.ringOrder);
    this.rings.set(channel, ring);
    if (!this.chance(5)) channel.stateVar.set({ kind: 'opened', rings: ring.asChannelRings() });
    if (this.chance(4)) channel.storeCallback(undefined, 'test');
    if (this.chance(4)) channel.markRescinded('test');
    if (this.chance(4)) runAtomic(guest.connection.relids.unmap(channel));
    return channel;
  }

  private addHandler(desc: IrqDesc, i: number): void {
    const { guest, prng } = this;
    const answer = prng.pick([0, 1, 1, 2, 3, 5]);
    const handler = (): number => {
      this.log.push(`handler ${i} of ${desc.irq}`);
      return answer;
    };
    const log = this.log;
    function* thread() {
      log.push(`thread ${i} of ${desc.irq}`);
      return 1;
    }
    if (desc.action !== undefined) desc.action.flags |= IRQF_SHARED;
    runAtomic(
      requestThreadedIrq(
        guest.irq,
        desc.irq,
        handler,
        this.chance(2) ? thread : null,
        IRQF_SHARED,
        `h${i}`,
        {},
      ),
    );
  }

  private fillSynic(cpu: number): void {
    const { prng } = this;
    const { eventFlags, message } = this.guest.vmbus.contexts[cpu];
    for (const relid of [0, ...RELIDS, 3, 2000]) if (this.chance(2)) setBit(eventFlags, relid);
    if (this.chance(2)) return;
    const bytes = hostMessage(prng.next(), prng.next(), prng.next());
    message.payload.set(bytes);
    message.payloadSize = this.chance(8) ? prng.below(300) : bytes.length;
    message.type = prng.pick([HVMSG_VMBUS, HVMSG_VMBUS, HVMSG_VMBUS, HVMSG_NONE, 7]);
    message.pending = this.chance(2);
  }
}
