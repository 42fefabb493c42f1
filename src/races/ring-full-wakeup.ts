import { WaitQueue } from '../machine/completion.js';
import { inFunction, type Procedure, SharedWord } from '../machine/step.js';
import type { MemoryModel, Model, Verdict } from '../explore/model.js';
import { RING_WORD, RING_WRITE, VM_PKT } from '../vmbus/ring/index.js';
import type { VmbusDesign } from '../vmbus/variants/design.js';
import { ringOrders } from '../vmbus/variants/index.js';
import { defineRace } from './race.js';
import { RaceRing } from './ring.js';

/** Three of these leave room for one that would fill the ring to the last byte, which does not count as room. */
const packet = new Uint8Array(1000);

interface Setting {
  /** Needless signals are counted, and no fault. */
  readonly countsNeedless?: boolean;
  /** The host has no feature bit: it looks again and again instead of asking for a signal. */
  readonly polls?: boolean;
  /** Under arm64 one packet is sent and read, not two: with two the search does not end in minutes. */
  readonly onePacketOnArm64?: boolean;
  /** Without virt_rmb between pending_send_sz and write_index. */
  readonly noReadBarrier?: boolean;
}

class FullRing {
  readonly ring: RaceRing;
  /** Signals of the guest to the host. */
  signals = 0;
  /** Those of them that came when the host had never asked for room, or woke it when there was not enough. */
  needless = 0;
  /** The host waits for a signal. */
  isAsleep = false;
  wasWoken = false;
  foundRoom = false;
  private hasAsked = false;
  /** Nobody's memory, but counting depends on the order of what both sides do to the field above. */
  private readonly askedWord = new SharedWord('the host has asked');
  /** Requests whose second look found room: the guest may have seen them, too, and its signal crosses with that look. */
  private crossed = 0;
  private heard = 0;
  private readonly packets: number;
  private readonly polls: boolean;
  private readonly doorbell = new WaitQueue('signal of the guest', () => this.signals > this.heard);

  constructor(order: VmbusDesign['ringOrder'], memory: MemoryModel, setting: Setting) {
    const { polls = false, onePacketOnArm64 = false, noReadBarrier = false } = setting;
    this.polls = polls;
    this.packets = onePacketOnArm64 && memory === 'arm64' ? 1 : 2;
    this.ring = new RaceRing(ringOrders[order], noReadBarrier ? 'sc' : memory, polls ? 0 : undefined);
    for (let i = 0; i < 3; i++) this.ring.writer.write(VM_PKT.DATA_INBAND, 0, i, packet);
  }

  /** The host sends packets for which there is no room before the guest reads. */
  *host(): Procedure<void> {
    const { writer } = this.ring;
    for (let sent = 0; sent < this.packets; ) {
      if ((yield* writer.writeSteps(VM_PKT.DATA_INBAND, 0, sent, packet)) !== RING_WRITE.FULL) sent += 1;
      else if (this.polls) yield* this.pollForRoom();
      else yield* this.awaitRoom();
    }
  }

  private *pollForRoom(): Procedure<void> {
    const { writer, memory } = this.ring;
    const before = memory.load(RING_WORD.READ_INDEX);
    yield memory.word(RING_WORD.READ_INDEX).readUntil((index) => index !== before);
    writer.loadReadIndex();
    this.foundRoom = true;
  }

  private *awaitRoom(): Procedure<void> {
    const { writer, memory } = this.ring;
    this.hasAsked = true;
    this.askedWord.announce();
    if (yield* writer.requestRoomSteps(packet.length)) {
      this.foundRoom = true;
      this.crossed += 1;
    } else {
      this.isAsleep = true;
      for (;;) {
        yield* this.doorbell.wait();
        this.heard = this.signals;
        yield memory.readStep(RING_WORD.READ_INDEX);
        writer.loadReadIndex();
        if (writer.hasRoom(packet.length)) break;
        if (this.crossed > 0) this.crossed -= 1;
        else this.needless += 1;
      }
      this.isAsleep = false;
      this.wasWoken = true;
    }
    yield memory.writeStep(RING_WORD.PENDING_SEND_SZ);
    writer.commitPendingSendSz(0);
  }

  /** The guest reads as many of the packets that are there from the start, each by itself. */
  *guest(): Procedure<void> {
    const { reader } = this.ring;
    for (let i = 0; i < this.packets; i++) {
      yield* inFunction('hv_pkt_iter_first', reader.nextSteps());
      if (yield* inFunction('hv_pkt_iter_close', reader.pktIterCloseSteps())) yield* this.setEvent();
    }
  }

  private *setEvent(): Procedure<void> {
    yield { object: this.doorbell, kind: 'update', label: 'vmbus_setevent' };
    this.signals += 1;
    this.askedWord.announce();
    if (!this.hasAsked) this.needless += 1;
    this.doorbell.wakeUp();
  }
}

const awake = ({ isAsleep }: FullRing): Verdict => !isAsleep || 'the host sleeps though there is room';
const noneNeedless = ({ needless, signals }: FullRing): Verdict =>
  needless === 0 || `${needless} of ${signals} signals needless`;

function model(order: VmbusDesign['ringOrder'], setting: Setting = {}): Omit<Model<FullRing>, 'name'> {
  const { countsNeedless = false, polls = false } = setting;
  return {
    setup(world): FullRing {
      const race = new FullRing(order, world.memory, setting);
      world.task(0, 'vmbus_on_event', race.guest());
      world.task('host', 'host', race.host());
      return race;
    },
    fingerprint: (race) => ({ shared: race }),
    finally: countsNeedless
      ? { 'the host never sleeps for ever': awake }
      : { 'the host never sleeps for ever': awake, 'no signal is needless': noneNeedless },
    sometimes: {
      ...(!polls && { 'the host slept and was woken': ({ wasWoken }: FullRing) => wasWoken }),
      [polls ? 'the host found room when it looked again' : 'the host found room at its second look']: ({
        foundRoom,
      }) => foundRoom,
      ...(countsNeedless && { 'a signal was needless': ({ needless }: FullRing) => needless > 0 }),
    },
    outcome: ({ signals, needless }) => `${signals} signals, ${needless} needless`,
    // A host that sleeps for ever is what the property is about.
    mayBlock: () => true,
    describe: ({ ring, isAsleep, signals }) => [
      ring.describe(),
      `host ${isAsleep ? 'asleep' : 'awake'}, ${signals} signals`,
    ],
  };
}

export const ringFullWakeup = defineRace({
  id: 'ring-full-wakeup',
  source: '“fix missed signaling” of hv_pkt_iter_close, drivers/hv/ring_buffer.c',
  property: 'a host that waits for room in a full ring never sleeps for ever; no signal is needless',
  variants: {
    'read-pending-write': {
      summary: 'read_index, barrier, pending_send_sz, write_index: Linux',
      expected: 'none',
      memory: 'tso',
      expectedOther: 'none',
      expectedArm64: 'none',
      model: () => model('read-pending-write', { onePacketOnArm64: true }),
    },
    'pending-first': {
      summary: 'pending_send_sz is read before read_index is committed',
      expected: 'found',
      message: 'the host sleeps though there is room',
      model: () => model('pending-first'),
    },
    'no-barrier': {
      summary: 'no barrier between the store to read_index and the read of pending_send_sz',
      expected: 'found',
      memory: 'tso',
      expectedOther: 'none',
      expectedArm64: 'found',
      message: 'the host sleeps though there is room',
      model: () => model('no-barrier'),
    },
    'no-read-barrier': {
      summary: 'no barrier between the reads of pending_send_sz and write_index',
      expected: 'found',
      memory: 'arm64',
      expectedOther: 'none',
      message: '1 of 2 signals needless',
      strategy: { kind: 'bounded', preemptions: 3 },
      model: () => model('read-pending-write', { noReadBarrier: true }),
    },
    'write-first': {
      summary: 'write_index is read before pending_send_sz',
      expected: 'found',
      model: () => model('write-first'),
    },
    'signal-always': {
      summary: 'a signal each time; those that are needless are counted',
      expected: 'none',
      memory: 'tso',
      expectedOther: 'none',
      expectedArm64: 'none',
      model: () => model('signal-always', { countsNeedless: true }),
    },
    'exactly-full-is-enough': {
      summary: 'room that would fill the ring to the last byte counts as enough',
      expected: 'found',
      model: () => model('exactly-full-is-enough'),
    },
    'host-polls': {
      summary: 'a host without feature bit: nobody asks for a signal, and none is given',
      expected: 'none',
      memory: 'tso',
      expectedOther: 'none',
      expectedArm64: 'none',
      model: () => model('read-pending-write', { polls: true }),
    },
  },
});
