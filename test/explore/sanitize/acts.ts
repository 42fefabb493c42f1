import type { Interrupt, Model, World } from '../../../src/explore/model.js';
import {
  disableIrqNosync,
  enableIrq,
  genericHandleIrq,
  irqHasAction,
  irqSetAffinity,
  synchronizeIrq,
} from '../../../src/irq/index.js';
import { offerOf } from '../../../src/lab/offers.js';
import { RaceGuest } from '../../../src/lab/race-guest.js';
import type { CpuId } from '../../../src/lib/brand.js';
import { Completion, sleep, WaitQueue } from '../../../src/machine/completion.js';
import { MemoryWord } from '../../../src/machine/memory.js';
import { RcuList, RcuNode, Srcu } from '../../../src/machine/rcu.js';
import { inOneGo, type Procedure } from '../../../src/machine/step.js';
import { Tasklet } from '../../../src/machine/tasklet.js';
import { Workqueue } from '../../../src/machine/workqueue.js';
import { offline } from '../../../src/races/offline.js';
import type { VmbusChannel } from '../../../src/vmbus/channel/channel.js';
import {
  CHANNELMSG,
  type ChannelMessage,
  encodeMessage,
} from '../../../src/vmbus/protocol/channel-messages.js';
import { HVMSG_VMBUS } from '../../../src/vmbus/synic.js';
import type { VmbusDesign } from '../../../src/vmbus/variants/design.js';
import { TargetCpuStore } from '../../../src/vmbus/variants/target-cpu-store.js';

// Acts of the kernel that go on beside each other on one guest: what the sanitizer has to be quiet on, and, with an
// announcement left out of the sources, to find.

/** Of an interrupt of the machine itself, which nobody waits for. */
const VECTOR = 40;

/** A guest with two channels open, one closed, and parts of a machine that need no guest. */
export class Scene {
  readonly guest: RaceGuest;
  readonly second: VmbusChannel;
  readonly closed: VmbusChannel;
  readonly other: VmbusChannel;
  readonly done = new Completion('done');
  readonly srcu = new Srcu('srcu');
  readonly list = new RcuList<number>('list');
  readonly nodes = [1, 2, 3].map((item) => new RcuNode(item));
  readonly queue: Workqueue;
  readonly tasklet = new Tasklet('tasklet', () => {});
  readonly device: Interrupt;

  constructor(world: World, design: Partial<VmbusDesign>) {
    this.guest = new RaceGuest(world, { design, cpus: 3 });
    const { guest } = this;
    this.second = guest.newChannel(6, 0);
    this.closed = guest.newChannel(9, 1);
    this.other = guest.newChannel(10, 0);
    for (const channel of [this.second, this.closed, this.other]) {
      machineRun(guest.connection.relids.map(channel));
      machineRun(guest.connection.list(channel));
    }
    machineRun(guest.open(this.second, () => {}));
    for (const channel of [this.closed, this.other]) {
      channel.stateVar.set({ kind: 'open' });
      channel.probeDone.completeAll();
    }
    guest.machine.setVectorHandler(VECTOR, { handleInterrupt: () => {} });
    this.queue = new Workqueue(guest.machine, 'queue');
    this.list.addHead(this.nodes[0]);
    this.list.addHead(this.nodes[1]);
    this.device = world.interrupt(1, 'device', () =>
      inOneGo(() => genericHandleIrq(guest.irq, guest.channel.irq)),
    );
  }
}

function machineRun(proc: Procedure<unknown>): void {
  while (proc.next().done !== true);
}

type Act = (scene: Scene, cpu: CpuId) => Procedure<unknown>;

/** The host answers messages of the guest as they come. */
function* answerAll({ guest }: Scene): Procedure<void> {
  for (let asked = 0; asked < 4; ) {
    yield* guest.host.posted.wait();
    const answer = answerTo(guest.sent[asked++]);
    if (answer === undefined) continue;
    const { message: slot, messageWord } = guest.vmbus.contexts[0];
    const bytes = encodeMessage(answer);
    yield messageWord.update;
    slot.payload.set(bytes);
    slot.payloadSize = bytes.length;
    slot.type = HVMSG_VMBUS;
    guest.interrupts[0].raise();
  }
}

function answerTo(message: ChannelMessage): ChannelMessage | undefined {
  switch (message.type) {
    case CHANNELMSG.GPADL_HEADER:
      return {
        type: CHANNELMSG.GPADL_CREATED,
        childRelid: message.childRelid,
        gpadl: message.gpadl,
        creationStatus: 0,
      };
    case CHANNELMSG.OPENCHANNEL:
      return {
        type: CHANNELMSG.OPENCHANNEL_RESULT,
        childRelid: message.childRelid,
        openId: message.openId,
        status: 0,
      };
    case CHANNELMSG.GPADL_TEARDOWN:
      return { type: CHANNELMSG.GPADL_TORNDOWN, gpadl: message.gpadl };
    case CHANNELMSG.MODIFYCHANNEL:
      return { type: CHANNELMSG.MODIFYCHANNEL_RESPONSE, childRelid: message.childRelid, status: 0 };
    default:
      return undefined;
  }
}

export const acts: Readonly<Record<string, Act>> = {
  complete: ({ done }) => inOneGo(() => done.complete()),
  'complete all': ({ done }) => inOneGo(() => done.completeAll()),
  completion_done: ({ done }) => inOneGo(() => done.isDone),
  reinit: ({ done }) => inOneGo(() => done.reinit()),
  wait: ({ done }) => done.wait(),
  'wait with a limit': ({ done }) => done.waitTimeout(5),
  'srcu reader': function* ({ srcu }) {
    const ticket = yield* srcu.readLockSteps();
    yield* sleep(1);
    yield* srcu.readUnlockSteps(ticket);
  },
  'srcu count': ({ srcu }) => inOneGo(() => srcu.readers),
  synchronize_srcu: ({ srcu }) => srcu.synchronize(),
  'list add': ({ list, nodes }) => inOneGo(() => list.addHead(nodes[2])),
  'list delete': function* ({ list, nodes }) {
    yield list.update;
    list.delete(nodes[0]);
  },
  'list walk': function* ({ list }) {
    yield list.read;
    for (let node = list.first; node !== undefined; node = node.next) yield list.read;
  },
  'list empty': ({ list }) => inOneGo(() => list.isEmpty),
  'queue work': ({ queue }, cpu) => inOneGo(() => queue.queue(() => inOneGo(() => {}), cpu)),
  'queue idle': ({ queue }) => inOneGo(() => queue.isIdle),
  'queue drained': ({ queue }) => queue.drained(),
  'schedule tasklet': ({ guest, tasklet }, cpu) =>
    inOneGo(() => guest.machine.cpu(cpu).taskletSchedule(tasklet)),
  'interrupts off': function* ({ guest }, cpu) {
    guest.machine.cpu(cpu).localIrqDisable();
    yield new MemoryWord('meanwhile').write;
    guest.machine.cpu(cpu).localIrqEnable();
  },
  'raise a vector': ({ guest }) => inOneGo(() => guest.machine.cpu(1).raise(VECTOR)),
  'vector pending': ({ guest }) => inOneGo(() => guest.machine.cpu(1).isPending(VECTOR)),
  printk: ({ guest }, cpu) => inOneGo(() => guest.machine.log.printk(`from ${cpu}`)),
  'printk once': ({ guest }) => inOneGo(() => guest.machine.log.printkOnce('once')),
  dmesg: ({ guest }) => inOneGo(() => guest.machine.log.lines.length),
  'cpu down': ({ guest }) => guest.machine.hotplug.cpuDown(2),
  'cpus online': ({ guest }) => inOneGo(() => guest.machine.online.weight),
  'vmbus cpu down': ({ guest }) => offline(guest, 1),
  event: ({ guest }) => guest.signal(2),
  'event on CPU 1': ({ guest }) => guest.signal(1),
  'late event': ({ guest, closed }) => guest.signal(2, closed.relid),
  'event of the other channel': ({ guest, second }) => guest.signal(0, second.relid),
  'event on both': function* ({ guest }) {
    yield* guest.signal(0);
    yield* guest.signal(2);
  },
  move: ({ guest }) => guest.connection.mover.move(guest.channel, guest.mask(0)),
  'move the other channel': ({ guest, second }) => guest.connection.mover.move(second, guest.mask(1)),
  'await a rescind': function* ({ guest: { channel } }) {
    const rescinded = new WaitQueue('rescind', () => channel.rescind);
    channel.rescindWaits.add(rescinded);
    yield* channel.target.getSteps();
    channel.rescindWaits.remove(rescinded);
  },
  'move and wait': ({ guest }) => new TargetCpuStore(guest.connection).store(guest.channel, 0),
  offer: function* ({ guest }) {
    yield* guest.connection.offers.arrivedSteps();
    yield* guest.vmbus.management.onOffer(offerOf(7));
  },
  'offer again': function* ({ guest }) {
    yield* guest.connection.offers.arrivedSteps();
    yield* guest.vmbus.management.onOffer(offerOf(5));
  },
  rescind: ({ guest, closed }) =>
    guest.vmbus.management.onRescind({
      type: CHANNELMSG.RESCIND_CHANNELOFFER,
      childRelid: closed.relid,
    }),
  open: ({ guest, closed }) => guest.operations.open(closed, { callback: () => {}, ringPages: 2 }),
  'open another': ({ guest, other }) => guest.operations.open(other, { callback: () => {}, ringPages: 2 }),
  disable_irq_nosync: ({ guest }) => inOneGo(() => disableIrqNosync(guest.irq, guest.channel.irq)),
  'disable and enable': ({ guest }) =>
    inOneGo(() => {
      disableIrqNosync(guest.irq, guest.channel.irq);
      enableIrq(guest.irq, guest.channel.irq);
    }),
  irq_set_affinity: ({ guest }) => inOneGo(() => irqSetAffinity(guest.irq, guest.channel.irq, guest.mask(0))),
  synchronize_irq: ({ guest }) => synchronizeIrq(guest.irq, guest.channel.irq),
  irq_has_action: ({ guest }) => inOneGo(() => irqHasAction(guest.irq, guest.channel.irq)),
  generic_handle_irq: ({ device }) => inOneGo(() => device.raise()),
  'free the irq': ({ guest, second }) => guest.connection.relids.freeIrq(second),
  'relid lookup': ({ guest }) => guest.connection.find(5),
  'all channels': function* ({ guest: { connection } }) {
    yield* connection.channelMutex.lock();
    yield* connection.channelsOn(0);
    yield* connection.channelMutex.unlock();
  },
};

/** Two acts beside each other: in tasks of both CPUs, or of one CPU and beside them, with a host that answers. */
export function beside(one: string, two: string, design: Partial<VmbusDesign> = {}): Model<Scene> {
  return {
    name: `${one} beside ${two}`,
    setup(world): Scene {
      const scene = new Scene(world, design);
      world.task(0, one, begun(acts[one](scene, 0)));
      world.task(1, two, begun(acts[two](scene, 1)));
      world.task('host', 'host', answerAll(scene));
      return scene;
    },
    mayBlock: () => true,
  };
}

/** What comes before the first step of an act is to happen while the other context runs, too. */
function* begun(act: Procedure<unknown>): Procedure<void> {
  yield new MemoryWord('its own').write;
  yield* act;
}
