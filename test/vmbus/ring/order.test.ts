import { describe, expect, test } from '@jest/globals';
import { check } from '../../../src/explore/explore.js';
import type { MemoryModel, Model } from '../../../src/explore/model.js';
import { Completion } from '../../../src/machine/completion.js';
import type { Procedure } from '../../../src/machine/step.js';
import {
  packetBytes,
  RING_PAGE_BYTES,
  RING_WORD,
  RING_WRITE,
  RingBuffer,
  ringDistance,
  RingReader,
  RingWriter,
  VM_PKT,
} from '../../../src/vmbus/ring/index.js';
import { RingMemory } from '../../../src/vmbus/ring/memory.js';
import type { VmbusDesign } from '../../../src/vmbus/variants/design.js';
import { ringOrders } from '../../../src/vmbus/variants/index.js';

/** Four of these fill a ring of one page to the last byte, so that three is what it holds. */
const PAYLOAD = 1000;
const payload = new Uint8Array(PAYLOAD);

class Ring {
  readonly memory: RingMemory;
  readonly writer: RingWriter;
  readonly reader: RingReader;
  readonly room = new Completion('room');
  written = 0;
  read = 0;
  signals = 0;
  /** Signals that there is room where there is not, and signals that nobody has asked for. */
  inVain = 0;
  unasked = 0;
  /** The host has asked for a signal since the last one. */
  private asked = false;

  constructor(order: VmbusDesign['ringOrder'], filled: number) {
    const bytes = 2 * RING_PAGE_BYTES;
    const buffer = new RingBuffer(new ArrayBuffer(bytes), 0, bytes);
    buffer.init();
    this.memory = new RingMemory(buffer);
    this.writer = new RingWriter(buffer, this.memory);
    this.reader = new RingReader(buffer, this.memory, undefined, ringOrders[order]);
    for (let i = 0; i < filled; i++) this.writer.write(VM_PKT.DATA_INBAND, 0, i, payload);
  }

  /** The host writes packets, and sleeps where there is no room. */
  *write(packets: number): Procedure<void> {
    for (let i = 0; i < packets; i++) {
      while ((yield* this.writer.writeSteps(VM_PKT.DATA_INBAND, 0, i, payload)) === RING_WRITE.FULL) {
        this.asked = true;
        if (!(yield* this.writer.requestRoomSteps(PAYLOAD))) yield* this.room.wait();
        yield this.memory.writeStep(RING_WORD.PENDING_SEND_SZ);
        this.writer.commitPendingSendSz(0);
      }
      this.written += 1;
    }
  }

  /** The guest reads what there is, closing after each packet. */
  *readAll(): Procedure<void> {
    while (yield* this.reader.nextSteps()) {
      this.read += 1;
      if (!(yield* this.reader.pktIterCloseSteps())) continue;
      this.signals += 1;
      if (this.isInVain) this.inVain += 1;
      if (!this.asked) this.unasked += 1;
      this.asked = false;
      this.room.complete();
    }
  }

  /** Whether one who waits for room and is signalled now does not have it, as memory is at this moment. */
  private get isInVain(): boolean {
    const [read, write, pending] = [
      RING_WORD.READ_INDEX,
      RING_WORD.WRITE_INDEX,
      RING_WORD.PENDING_SEND_SZ,
    ].map((word) => this.memory.word(word).value);
    const free = RING_PAGE_BYTES - ringDistance(read, write, RING_PAGE_BYTES);
    return pending !== 0 && free <= packetBytes(PAYLOAD);
  }
}

interface Outcome {
  readonly lost: boolean;
  readonly inVain: boolean;
  readonly unasked: boolean;
  readonly executions: number;
}

/** The host writes packets into a ring that has `filled` ones, while the guest reads. */
function modelOf(order: VmbusDesign['ringOrder'], filled: number, packets = 2): Model<Ring> {
  return {
    name: `ring-full-wakeup (${order})`,
    setup(world): Ring {
      const ring = new Ring(order, filled);
      world.task('host', 'host', ring.write(packets));
      world.task(0, 'hv_pkt_iter', ring.readAll());
      return ring;
    },
    // The host may well sleep while there are packets that the guest reads later.
    mayBlock: ({ read, written }) => read < filled + written,
    outcome: ({ inVain, unasked }) => `${inVain > 0 ? 'in vain' : ''} ${unasked > 0 ? 'unasked' : ''}`,
  };
}

function explore(
  order: VmbusDesign['ringOrder'],
  filled: number,
  packets = 2,
  memory: MemoryModel = 'sc',
): Outcome {
  const {
    violations,
    outcomes = [],
    complete,
    executions,
  } = check(modelOf(order, filled, packets), {
    memory,
    stopAtFirst: false,
    minimiseExecutions: 0,
  });
  expect(complete).toBe(true);
  return {
    lost: violations.some(({ kind }) => kind === 'deadlock'),
    inVain: outcomes.some(({ outcome }) => String(outcome).includes('in vain')),
    unasked: outcomes.some(({ outcome }) => String(outcome).includes('unasked')),
    executions,
  };
}

describe('room for a writer that goes to sleep', () => {
  test('is told of, and nobody is told in vain', () => {
    for (const filled of [2, 3]) {
      const outcome = explore('read-pending-write', filled);
      expect(outcome).toMatchObject({ lost: false, inVain: false });
      expect(outcome.executions).toBeGreaterThan(10);
    }
    expect(explore('read-pending-write', 3, 1, 'tso')).toMatchObject({ lost: false, inVain: false });
  });

  test('a request that the host has since served by itself is answered once more: no order prevents that', () => {
    expect(explore('read-pending-write', 3, 1)).toMatchObject({ lost: false, inVain: false, unasked: true });
  });

  test('pending_send_sz before read_index: the writer sleeps for ever', () => {
    expect(explore('pending-first', 3, 1).lost).toBe(true);
  });

  test('no barrier: it does with store buffers only', () => {
    expect(explore('no-barrier', 3, 1).lost).toBe(false);
    expect(check(modelOf('no-barrier', 3, 1), { memory: 'tso', minimiseExecutions: 0 }).verdict).toBe(
      'found',
    );
  });

  test('write_index before pending_send_sz: told in vain', () => {
    expect(explore('write-first', 3)).toMatchObject({ lost: false, inVain: true });
  });

  test('a signal always: nothing lost, signals that nobody has asked for', () => {
    expect(explore('signal-always', 3, 1)).toMatchObject({ lost: false, unasked: true });
  });

  test('exactly full is enough: told in vain', () => {
    expect(explore('exactly-full-is-enough', 3)).toMatchObject({ inVain: true });
  });
});

describe('a packet that comes while signals are off', () => {
  function model(order: VmbusDesign['ringOrder']): Model<Ring> {
    return {
      name: `ring-empty-signal (${order})`,
      setup(world): Ring {
        const ring = new Ring(order, 0);
        world.task('host', 'host', write(ring));
        world.task(0, 'vmbus_on_event', drain(ring));
        return ring;
      },
      finally: {
        'no packet stays unread': ({ signals, read }) =>
          signals + read > 0 || 'the packet is unread, nobody looks',
      },
      sometimes: {
        'the host signals': ({ signals }) => signals > 0,
        'the guest sees it': ({ read }) => read > 0,
      },
    };
  }

  function* write(ring: Ring): Procedure<void> {
    const result = yield* ring.writer.writeSteps(VM_PKT.DATA_INBAND, 0, 1, payload);
    if (result === RING_WRITE.SIGNAL) ring.signals += 1;
  }

  function* drain(ring: Ring): Procedure<void> {
    const { reader } = ring;
    yield* reader.beginReadSteps();
    do {
      while (yield* reader.nextSteps()) {
        ring.read += 1;
        yield* reader.pktIterCloseSteps();
      }
    } while ((yield* reader.endReadSteps()) !== 0);
  }

  test.each(['sc', 'tso'] as const)('is seen by the second look: %s', (memory) => {
    const { verdict, complete, witnesses } = check(model('read-pending-write'), { memory });
    expect({ verdict, complete }).toEqual({ verdict: 'none', complete: true });
    expect(witnesses.every(({ reached }) => reached)).toBe(true);
  });

  test('is not without it', () => {
    expect(check(model('no-second-look')).verdict).toBe('found');
  });
});
