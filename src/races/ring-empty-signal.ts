import { type Procedure, runAtomic } from '../machine/step.js';
import type { MemoryModel, Model } from '../explore/model.js';
import { callbackMode } from '../vmbus/channel/channel.js';
import { RING_WRITE, VM_PKT } from '../vmbus/ring/index.js';
import type { VmbusDesign } from '../vmbus/variants/design.js';
import { ringOrders } from '../vmbus/variants/index.js';
import { RaceGuest } from '../lab/race-guest.js';
import { defineRace } from './race.js';
import { noteDrained, RaceRing } from './ring.js';

const PACKETS = 2;
const packet = new Uint8Array(8);

/** The host sends packets and signals when it must; interrupt and tasklet of a channel in batched mode read them. */
class DrainedRing {
  readonly guest: RaceGuest;
  readonly ring: RaceRing;
  read = 0;
  /** Times that the driver was called. */
  calls = 0;
  signals = 0;

  constructor(guest: RaceGuest, order: VmbusDesign['ringOrder'], memory: MemoryModel) {
    const { channel } = guest;
    this.guest = guest;
    this.ring = new RaceRing(ringOrders[order], memory);
    const { reader, writer } = this.ring;
    channel.callbackMode = callbackMode.batched;
    channel.stateVar.set({
      kind: 'opened',
      rings: { gpadl: 1, pfn: 0, outbound: writer, inbound: reader },
    });
    runAtomic(guest.connection.relids.map(channel));
    channel.storeCallback(() => this.drain(), '__vmbus_open');
  }

  *host(): Procedure<void> {
    for (let i = 0; i < PACKETS; i++) {
      const result = yield* this.ring.writer.writeSteps(VM_PKT.DATA_INBAND, 0, i, packet);
      if (result !== RING_WRITE.SIGNAL) continue;
      this.signals += 1;
      yield* this.guest.signal(this.guest.channel.targetCpu);
    }
  }

  private drain(): void {
    const { reader } = this.ring;
    this.calls += 1;
    while (reader.next()) this.read += 1;
    reader.pktIterClose();
    noteDrained(this.ring.memory);
  }
}

function model(order: VmbusDesign['ringOrder']): Omit<Model<DrainedRing>, 'name'> {
  return {
    setup(world): DrainedRing {
      const guest = new RaceGuest(world, { cpus: 1, design: { relidMap: 'array' }, withChannel: false });
      const race = new DrainedRing(guest, order, world.memory);
      world.task('host', 'host', race.host());
      return race;
    },
    finally: {
      'no packet stays unread': ({ read }) => read === PACKETS || `${read} of ${PACKETS} packets read`,
    },
    sometimes: {
      'one signal was enough for all packets': ({ signals }) => signals === 1,
      'the second look found a packet': ({ signals, calls }) => calls > signals,
    },
    outcome: ({ signals, calls }) => `${signals} signals, driver called ${calls} times`,
    describe: ({ ring, guest, read }) => [ring.describe(), ...guest.describe(), `${read} packets read`],
  };
}

export const ringEmptySignal = defineRace({
  id: 'ring-empty-signal',
  source: 'hv_begin_read and hv_end_read, drivers/hv/ring_buffer.c',
  property: 'no packet stays unread with nobody about to look',
  variants: {
    'no-second-look': {
      summary: 'the interrupt mask is cleared and the ring not looked at again',
      expected: 'found',
      message: '1 of 2 packets read',
      model: () => model('no-second-look'),
    },
    'no-barrier': {
      summary: 'no barrier between the store to interrupt_mask and the second look',
      expected: 'found',
      memory: 'tso',
      expectedOther: 'none',
      expectedArm64: 'found',
      message: '1 of 2 packets read',
      model: () => model('no-barrier'),
    },
    'second-look': {
      summary: 'mask, drain, unmask, barrier, look again: Linux',
      expected: 'none',
      memory: 'tso',
      expectedOther: 'none',
      model: () => model('read-pending-write'),
    },
  },
});
