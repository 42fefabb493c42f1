// A user of the small guests: a race over the real channels, and a guest that a test drives by hand.
import { check, type Procedure, runAtomic, SharedCounter, SharedVar, SpinLock } from 'irqlab/explore';
import {
  type DesignParts,
  designParts,
  handlerOf,
  type HostPort,
  type HostSide,
  irq,
  LeanGuest,
  type LeanGuestOptions,
  noLine,
  RaceGuest,
  type RaceGuestOptions,
  RaceHost,
  RaceLine,
  type RaceLineOptions,
  type VmbusConnection,
} from 'irqlab/lab';
import type { machine, vmbus } from 'irqlab/types';

/** What the guest asks of a host that only takes notes, once a channel moves. */
function posted(): string {
  const host = new RaceHost();
  const size: machine.MachineOptions = { present: 2 };
  const options: LeanGuestOptions = {
    machine: size,
    makeLine: () => noLine,
    makeHost: ({ machine: made }: HostSide): HostPort => {
      if (made.nrCpuIds !== size.present) throw new Error('another machine');
      return host;
    },
  };
  const guest = new LeanGuest(options);
  const connection: VmbusConnection = guest.connection;
  connection.connectedWith(0x50003);
  for (const cpu of [0, 1]) connection.synicOnline.set(cpu);
  const channel = guest.newChannel(5, 1);
  runAtomic(connection.relids.map(channel));
  runAtomic(guest.open(channel, () => {}));
  runAtomic(connection.mover.move(channel, guest.mask(0)));
  return `posted ${relidsIn(host.sent).join(' ')}`;
}

function relidsIn(messages: readonly vmbus.ChannelMessage[]): number[] {
  return messages.map((message) => ('childRelid' in message ? message.childRelid : 0));
}

/** A channel of the real connection moves while the host signals it, with lists for each CPU. */
function moved(): string {
  const parts: DesignParts = designParts({ relidMap: 'percpu-list' });
  const options: RaceGuestOptions = { parts };
  const { verdict } = check({
    name: 'my-move',
    setup(world) {
      const guest = new RaceGuest(world, options);
      world.task(0, 'move', guest.connection.mover.move(guest.channel, guest.mask(0)));
      world.task('host', 'host', guest.signal(1));
      return guest;
    },
    finally: { 'the event is handled': ({ called }) => called === 1 || 'lost' },
  });
  return `moved ${verdict}`;
}

/** The handler of a level-triggered line against free_irq, with a chip that cannot tell what is on its way. */
function freed(): string {
  const options: RaceLineOptions = { answersActive: false };
  const { verdict } = check({
    name: 'my-free',
    setup(world) {
      const line = new RaceLine(world, options);
      const handler = handlerOf(function* () {
        yield* line.pin.drive(false);
        return irq.IRQ_HANDLED;
      });
      runAtomic(irq.requestIrq(line.core, line.irq, handler, 0, 'mine', line));
      world.task('device', 'device', line.pin.drive(true));
      world.task(0, 'remove', irq.freeIrq(line.core, line.irq, line));
      return line;
    },
    finally: { 'the vector is found': ({ unknownVectors }) => unknownVectors === 0 },
  });
  return `freed ${verdict}`;
}

/** Shared variables and their steps. */
function counted(): string {
  const cpu = new SharedVar('cpu', 1);
  const count = new SharedCounter('count');
  const lock = new SpinLock('lock');
  function* event(): Procedure<void> {
    yield* lock.spinLock();
    yield* count.addSteps(1);
    yield* cpu.setSteps(0);
    yield* lock.spinUnlock();
  }
  runAtomic(event());
  runAtomic(event());
  return `1 event on CPU ${cpu.get()}, ${moved()}, counted ${count.value}`;
}

export function useLab(): string[] {
  return [posted(), counted(), freed()];
}
