import { inFunction, type Procedure, runAtomic } from '../machine/step.js';
import { UioHvGeneric, type UioMasking } from '../drivers/uio/uio-hv-generic.js';
import type { MemoryModel, Model } from '../explore/model.js';
import { RING_WRITE, VM_PKT } from '../vmbus/ring/index.js';
import { ringOrders } from '../vmbus/variants/index.js';
import { RaceGuest } from '../lab/race-guest.js';
import { defineRace } from './race.js';
import { RaceRing } from './ring.js';

const packet = new Uint8Array(8);

/** What a program in user space does with its channel. */
interface Program {
  /**
   * Turns interrupts on `once`, in the ring that it has mapped, as hv_fcopy_uio_daemon does; `each-time`, too, by
   * writing 1 to /dev/uio when it has emptied the ring.
   */
  readonly unmasks: 'once' | 'each-time';
  /** Looks at the ring once more when it has turned them on: at the beginning, or always. */
  readonly looksAgain?: 'at-open' | 'always';
}

/** The host sends packets to a channel that a program in user space reads. */
class UserSpaceRing {
  readonly guest: RaceGuest;
  readonly ring: RaceRing;
  /** Packets that the host sends: under arm64 more would take minutes to be searched. */
  readonly packets: number;
  readonly uio: UioHvGeneric;
  taken = 0;
  signals = 0;
  interrupts = 0;

  constructor(
    guest: RaceGuest,
    masking: UioMasking,
    private readonly program: Program,
    memory: MemoryModel,
  ) {
    const { channel } = guest;
    this.ring = new RaceRing(ringOrders['read-pending-write'], memory);
    this.packets = memory === 'arm64' ? 1 : 2;
    const { reader, writer } = this.ring;
    this.guest = guest;
    this.uio = new UioHvGeneric(reader, masking);
    channel.stateVar.set({
      kind: 'opened',
      rings: { gpadl: 1, pfn: 0, outbound: writer, inbound: reader },
    });
    runAtomic(guest.connection.relids.map(channel));
    channel.storeCallback((called) => {
      this.interrupts += 1;
      this.uio.callback(called);
    }, '__vmbus_open');
  }

  *host(): Procedure<void> {
    const { guest, ring, packets } = this;
    for (let i = 0; i < packets; i++) {
      const result = yield* ring.writer.writeSteps(VM_PKT.DATA_INBAND, 0, i, packet);
      if (result !== RING_WRITE.SIGNAL) continue;
      this.signals += 1;
      yield* guest.signal(guest.channel.targetCpu);
    }
  }

  *daemon(): Procedure<void> {
    const { uio, program } = this;
    yield* inFunction('hv_uio_open', uio.open());
    yield* inFunction('imask = 0', uio.setMask(0));
    if (program.looksAgain !== undefined) yield* this.drain();
    for (;;) {
      yield* inFunction('uio_read', uio.read());
      yield* this.drain();
      if (program.unmasks === 'once') continue;
      yield* inFunction('hv_uio_irqcontrol', uio.irqControl(true));
      if (program.looksAgain === 'always') yield* this.drain();
    }
  }

  /** Takes packet by packet, and gives the room of each back at once. */
  private *drain(): Procedure<void> {
    const { reader } = this.ring;
    while (yield* inFunction('vmbus_rxbr_read', reader.nextSteps())) {
      this.taken += 1;
      yield* inFunction('vmbus_rxbr_read', reader.pktIterCloseSteps());
    }
  }
}

function model(masking: UioMasking, program: Program): Omit<Model<UserSpaceRing>, 'name'> {
  return {
    setup(world): UserSpaceRing {
      const guest = new RaceGuest(world, { design: { relidMap: 'array' }, withChannel: false });
      const race = new UserSpaceRing(guest, masking, program, world.memory);
      world.task(0, 'daemon', race.daemon());
      world.task('host', 'host', race.host());
      return race;
    },
    finally: {
      'no packet stays unread': ({ taken, packets }) =>
        taken === packets || `${taken} of ${packets} packets read`,
    },
    sometimes: {
      'one signal was enough for all packets': ({ signals, taken, packets }) =>
        signals === 1 && taken === packets,
      'each packet had a signal': ({ signals, packets }) => signals === packets,
    },
    outcome: ({ signals, interrupts }) => `${signals} signals, ${interrupts} interrupts`,
    // The daemon waits for the next packet.
    mayBlock: () => true,
    describe: ({ ring, guest, taken }) => [ring.describe(), ...guest.describe(), `${taken} packets read`],
  };
}

export const uioMask = defineRace({
  id: 'uio-mask',
  source: 'b15b7d2a1b09 "uio_hv_generic: Let userspace take care of interrupt mask" (2025)',
  property: 'a program that waits for an interrupt of its channel has no packet to read',
  variants: {
    'masked-at-open': {
      summary:
        'hv_uio_open turns interrupts off, the program turns them on in the mapped ring: before the fix',
      expected: 'found',
      message: '0 of 2 packets read',
      model: () => model('driver-too', { unmasks: 'once' }),
    },
    'masked-by-callback': {
      summary:
        'each interrupt turns interrupts off, the program turns them on when it has emptied the ring: before the fix',
      expected: 'found',
      message: '1 of 2 packets read',
      model: () => model('driver-too', { unmasks: 'each-time', looksAgain: 'at-open' }),
    },
    'second-look': {
      summary: 'the same, but the program looks at the ring each time that it has turned interrupts on',
      expected: 'none',
      model: () => model('driver-too', { unmasks: 'each-time', looksAgain: 'always' }),
    },
    'user-space-only': {
      summary: 'only the program turns interrupts off and on, and leaves them on: the fix',
      expected: 'none',
      memory: 'tso',
      expectedOther: 'none',
      expectedArm64: 'none',
      model: () => model('user-space', { unmasks: 'once' }),
    },
    'user-space-writes': {
      summary: 'the fix; the program writes 1 to /dev/uio when it has emptied the ring',
      expected: 'none',
      memory: 'tso',
      expectedOther: 'none',
      expectedArm64: 'none',
      model: () => model('user-space', { unmasks: 'each-time' }),
    },
  },
});
