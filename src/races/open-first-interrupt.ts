import { inFunction, type Procedure, runAtomic } from '../machine/step.js';
import { WaitQueue } from '../machine/completion.js';
import type { Model } from '../explore/model.js';
import type { VmbusChannel } from '../vmbus/channel/channel.js';
import { CHANNELMSG, type ChannelMessage, encodeMessage } from '../vmbus/protocol/channel-messages.js';
import { RING_WRITE, RingWriter, VM_PKT } from '../vmbus/ring/index.js';
import { HVMSG_VMBUS } from '../vmbus/synic.js';
import type { VmbusDesign } from '../vmbus/variants/design.js';
import { RaceGuest } from '../lab/race-guest.js';
import { defineRace } from './race.js';
import { noteDrained } from './ring.js';

const PACKETS = 2;
const packet = new Uint8Array(8);

/** The guest opens a channel on CPU 0; the host has packets for it at once, signalled on CPU 1. */
class OpenedChannel {
  readonly channel: VmbusChannel;
  /** Packets that the driver has read. */
  read = 0;
  /** The host signalled while the guest had not processed the result of the open. */
  wasEarly = false;
  private asked = 0;
  private readonly message = new WaitQueue('message of the guest', () => this.guest.sent.length > this.asked);

  constructor(readonly guest: RaceGuest) {
    this.channel = guest.newChannel(9, 1);
    this.channel.stateVar.set({ kind: 'open' });
    runAtomic(guest.connection.list(this.channel));
    guest.host.onPost = () => this.message.wakeUp();
  }

  /** The driver's probe. */
  *open(): Procedure<void> {
    const { guest, channel } = this;
    yield* guest.connection.relids.map(channel);
    yield* inFunction(
      'vmbus_open',
      guest.operations.open(channel, { callback: () => this.drain(), ringPages: 2 }),
    );
  }

  /** The host answers what the guest asks; having opened the channel it sends its packets. */
  *host(): Procedure<void> {
    for (;;) {
      yield* this.message.wait();
      const message = this.guest.sent[this.asked++];
      if (message.type === CHANNELMSG.GPADL_HEADER) {
        const { childRelid, gpadl } = message;
        yield* this.answer({ type: CHANNELMSG.GPADL_CREATED, childRelid, gpadl, creationStatus: 0 });
      } else if (message.type === CHANNELMSG.OPENCHANNEL) {
        const { childRelid, openId } = message;
        yield* this.answer({ type: CHANNELMSG.OPENCHANNEL_RESULT, childRelid, openId, status: 0 });
        yield* this.sendPackets();
        return;
      }
    }
  }

  private *answer(message: ChannelMessage): Procedure<void> {
    const { contexts } = this.guest.vmbus;
    const { message: slot, messageWord } = contexts[0];
    const bytes = encodeMessage(message);
    yield messageWord.update;
    slot.payload.set(bytes);
    slot.payloadSize = bytes.length;
    slot.type = HVMSG_VMBUS;
    this.guest.interrupts[0].raise();
  }

  private *sendPackets(): Procedure<void> {
    const { guest, channel } = this;
    const inbound = channel.rings?.inbound;
    if (inbound === undefined) return;
    const writer = new RingWriter(inbound.ring);
    for (let i = 0; i < PACKETS; i++) {
      const result = yield* writer.writeSteps(VM_PKT.DATA_INBAND, 0, i, packet);
      if (result !== RING_WRITE.SIGNAL) continue;
      yield* guest.signal(channel.targetCpu, channel.relid);
      if (channel.stateVar.get().kind === 'opening') this.wasEarly = true;
    }
  }

  private drain(): void {
    const inbound = this.channel.rings?.inbound;
    if (inbound === undefined) return;
    while (inbound.next()) this.read += 1;
    inbound.pktIterClose();
    noteDrained(inbound.ring);
  }
}

function model(openOrder: VmbusDesign['openOrder']): Omit<Model<OpenedChannel>, 'name'> {
  return {
    setup(world): OpenedChannel {
      const guest = new RaceGuest(world, { design: { openOrder, relidMap: 'array' }, withChannel: false });
      const race = new OpenedChannel(guest);
      world.task(0, 'probe', race.open());
      world.task('host', 'host', race.host());
      return race;
    },
    finally: {
      'the channel is not stuck': ({ read }) =>
        read === PACKETS || `${PACKETS - read} of ${PACKETS} packets wait and nobody looks`,
    },
    sometimes: {
      'the channel is open': ({ channel }) => channel.state.kind === 'opened',
      'the host signalled before the guest had processed the result': ({ wasEarly }) => wasEarly,
    },
    describe: ({ guest, read }) => [...guest.describe(), `${read} packets read`],
  };
}

export const openFirstInterrupt = defineRace({
  id: 'open-first-interrupt',
  source: 'OpenVMM issue 1829: reported behaviour, not located in Linux',
  property: 'a channel is not stuck after it was opened',
  variants: {
    'ignore-until-open-result': {
      summary: 'interrupts before the result of the open has been processed are ignored',
      expected: 'found',
      message: '2 of 2 packets wait and nobody looks',
      model: () => model('ignore-until-open-result'),
    },
    'callback-first': {
      summary: 'the callback is set before the open is sent: Linux',
      expected: 'none',
      model: () => model('callback-first'),
    },
  },
});
