import { NetvscDevice } from '../../src/drivers/netvsc/device.js';
import { StorvscDevice } from '../../src/drivers/storvsc/device.js';
import { irqSetAffinity } from '../../src/irq/affinity/affinity.js';
import { clearBit, setBit } from '../../src/lib/bitmap.js';
import { ErrnoError } from '../../src/lib/errno.js';
import { CpuMask } from '../../src/machine/cpumask.js';
import type { Procedure } from '../../src/machine/step.js';
import { deeds } from '../../src/host/misbehave/deeds.js';
import { ringNames, ringPlaceNames } from '../../src/host/misbehave/rings.js';
import type { MisbehaveRule } from '../../src/host/misbehave/rule.js';
import { sentKinds } from '../../src/host/misbehave/sent.js';
import type { HostChannel } from '../../src/host/device.js';
import { INVALID_RELID, MAX_CHANNEL_RELIDS } from '../../src/vmbus/relid-map.js';
import {
  type ChannelMessage,
  CHANNELMSG,
  decodeMessage,
  encodeMessage,
  versionWire,
} from '../../src/vmbus/protocol/channel-messages.js';
import { brokenAtRest, brokenInvariants } from '../../src/vmbus/validate.js';
import { designChoices, type VmbusDesign } from '../../src/vmbus/variants/design.js';
import { device, instanceOf, TestGuest } from '../support/guest.js';
import { hostMessage, lastAnswer, relids } from './messages.js';

const US = 1000;
const MS = 1_000_000;
const CPUS = 4;
/** Far more than any of the guest's contexts needs for what one action causes. */
const STEP_LIMIT = 200_000;
const versions = ['5.3', '5.3', '5.2', '4.1', '4.0', '2.4'];
const devices = [
  device('nic', 1, { subChannelRelids: [9, 10, 11] }),
  device('scsi', 2, { subChannelRelids: [50, 51] }),
  device('heartbeat', 3),
  device('balloon', 4),
  device('pci', 5),
];

/** The default, or another design that is meant to be right. */
function designOf(n: number): Partial<VmbusDesign> {
  return {
    relidMap: (['irqdomain', 'irqdomain', 'array', 'percpu-list'] as const)[n % 4],
    lifetime: (['rescind-ref', 'rescind-ref', 'get-put-completed'] as const)[(n >>> 2) % 3],
    modifyChannel: designChoices.modifyChannel[(n >>> 4) % 4],
  };
}

/** An action as four numbers: fast-check makes and shrinks them, `Victim.act` knows what they mean. */
export type Action = readonly [kind: number, a: number, b: number, c: number];

type Act = (victim: Victim, a: number, b: number, c: number) => void;

/** A small guest and its host, which does everything that a host can do. */
export class Victim {
  readonly guest: TestGuest;
  /** What the guest has asked the host for. */
  private readonly asked: ChannelMessage[] = [];
  /** Messages that the host has sent, to be sent again in part. */
  private readonly sent: Uint8Array[] = [];
  private steps = 0;
  private hibernating = false;

  constructor(setup: number) {
    this.guest = new TestGuest({
      present: CPUS,
      devices,
      isolation: (setup & 1) !== 0,
      design: designOf(setup >>> 9),
      host: { version: versionWire(versions[(setup >>> 1) % versions.length]), seed: setup },
    });
    this.watch();
    this.guest.machine.spawn('boot', this.guest.vmbus.init());
    // Every other guest has come up before its host turns against it.
    if ((setup & 0x100) !== 0) this.guest.machine.elapse(100 * MS);
  }

  act([kind, a, b, c]: Action): void {
    this.steps = 0;
    acts[kind % acts.length](this, a, b, c);
    this.guest.machine.settle();
  }

  /** What has been reached: kinds of refusals, and of states that channels are in. */
  witnesses(): string[] {
    const { vmbus, connection } = this.guest;
    const states = [...connection.channels()].map(
      ({ deviceClass, state, primary }) =>
        `${primary === undefined ? '' : 'sub-channel of '}${deviceClass.name} ${state.kind}`,
    );
    return [...vmbus.refused().keys(), ...states];
  }

  /** Sentences about what does not hold; nothing if all is well. */
  broken(): string[] {
    return brokenInvariants(this.guest.vmbus);
  }

  /**
   * Has the host behave, answer all that the guest still waits for, and take all channels back: the guest must come to
   * rest with nothing left. @returns what does not hold then.
   */
  end(): string[] {
    const { guest } = this;
    const { host, connection, machine } = guest;
    host.faults.stop();
    for (let round = 0; round < 30; round++) {
      this.steps = 0;
      this.offerAgain();
      const mapped = this.mappedRelids();
      // What the host has delayed is still to come.
      if (mapped.length === 0 && machine.liveTasks === 0 && !host.isBusy) break;
      for (const childRelid of mapped) this.post({ type: CHANNELMSG.RESCIND_CHANNELOFFER, childRelid });
      for (const message of this.asked.splice(0)) {
        const answer = lastAnswer(message);
        if (answer !== undefined) this.post(answer);
      }
      machine.elapse(round < 20 ? 20 * MS : 20_000 * MS);
    }
    if (this.neverWakes()) return brokenInvariants(guest.vmbus);
    this.steps = 0;
    machine.elapse(400_000 * MS);
    const broken = brokenAtRest(guest.vmbus);
    if (machine.liveTasks !== 0) broken.push(`${machine.liveTasks} contexts wait for ever`);
    if (connection.primaries.length !== 0) broken.push(`${connection.primaries.length} channels are left`);
    if (guest.memory.blocksInUse !== 0) broken.push(`${guest.memory.blocksInUse} blocks of memory are left`);
    if (this.mappedRelids().length !== 0) broken.push('IRQs are left');
    return broken;
  }

  /** True if the guest still takes an honest device, once its host has sent all that it has held back. */
  takesHonestDevice(): boolean {
    const { guest } = this;
    if (guest.connection.state.kind !== 'connected' || this.neverWakes()) return true;
    guest.host.offer(device('heartbeat', 300, { instanceId: instanceOf(300) }));
    guest.machine.elapse(10 * MS);
    const channel = guest.connection.relids.relid2channel(300);
    return channel?.state.kind === 'opened';
  }

  post(message: ChannelMessage): void {
    this.guest.host.postRaw(encodeMessage(message));
    this.guest.machine.settle();
  }

  /** The host's channel behind a relid of the pool, if it has one. */
  hostChannel(n: number): HostChannel | undefined {
    return this.guest.host.channel(relids[n % relids.length]);
  }

  /** One of the messages that the host has sent so far. */
  earlier(n: number): Uint8Array {
    return this.sent.length === 0 ? hostMessage(n, 0, 0) : this.sent[n % this.sent.length];
  }

  /** Has the guest do something that may fail, but with an errno only. */
  start(name: string, proc: Procedure<unknown>): void {
    this.guest.machine.spawn(name, mayFail(proc));
  }

  /** Relids of all channels; sub-channels outlive their device until the host takes them back, too. */
  private mappedRelids(): number[] {
    const mapped: number[] = [];
    for (let relid = 1; relid < MAX_CHANNEL_RELIDS; relid++)
      if (this.guest.connection.relids.isMapped(relid)) mapped.push(relid);
    return mapped;
  }

  /** Hibernates and wakes up again, unless that is being done. */
  *hibernate(): Procedure<void> {
    if (this.hibernating) return;
    this.hibernating = true;
    try {
      yield* this.guest.vmbus.power.suspend();
      yield* this.guest.vmbus.power.resume();
    } finally {
      this.hibernating = false;
    }
  }

  /** After a resume devices wait to be offered again. */
  private offerAgain(): void {
    let childRelid = 1000;
    for (const { relid, offer } of [...this.guest.connection.primaries])
      if (relid === INVALID_RELID) this.post({ ...offer, childRelid: childRelid++ });
  }

  /**
   * True if the guest is as good as dead, and Linux would be: it waits, while it suspends, for sub-channels that the
   * host does not take back and then does not hear of, or the host refused it when it resumed.
   */
  private neverWakes(): boolean {
    const { state, ignoresOffers } = this.guest.connection;
    return ignoresOffers || state.kind === 'disconnected';
  }

  private watch(): void {
    const { host, machine } = this.guest;
    const postMessage = host.postMessage.bind(host);
    host.postMessage = (bytes) => {
      const message = decodeMessage(bytes);
      if (lastAnswer(message) !== undefined) this.asked.push(message);
      postMessage(bytes);
    };
    const post = host.faults.post.bind(host.faults);
    host.faults.post = (bytes) => {
      if (this.sent.length < 64) this.sent.push(bytes);
      post(bytes);
    };
    const spawn = machine.spawn.bind(machine);
    machine.spawn = (name, proc, cpu) => spawn(name, this.counted(proc), cpu);
    for (const cpu of machine.cpus) {
      const schedule = cpu.taskletSchedule.bind(cpu);
      cpu.taskletSchedule = (tasklet) => {
        this.step();
        schedule(tasklet);
      };
    }
  }

  /** Each task counts when it starts and when it has to wait. */
  private *counted(proc: Procedure<unknown>): Procedure<unknown> {
    this.step();
    for (;;) {
      const next = proc.next();
      if (next.done) return next.value;
      if (next.value.object.blocks(next.value)) this.step();
      yield next.value;
    }
  }

  private step(): void {
    this.steps += 1;
    if (this.steps > STEP_LIMIT) throw new Error('the guest runs in circles');
  }
}

function* mayFail(proc: Procedure<unknown>): Procedure<void> {
  try {
    yield* proc;
  } catch (error) {
    if (!(error instanceof ErrnoError)) throw error;
  }
}

/** What a host or its guest's user refuses to do is no finding. */
function ifPossible(action: () => void): void {
  try {
    action();
  } catch (error) {
    if (!(error instanceof RangeError || error instanceof ErrnoError)) throw error;
  }
}

function ruleOf(a: number, b: number, c: number): MisbehaveRule {
  const what = sentKinds[a % sentKinds.length];
  return {
    what,
    relid: (b & 1) === 0 ? undefined : relids[(b >>> 1) % 10],
    nth: 1 + (c % 3),
    times: 1 + ((c >>> 2) % 4),
    deed: deeds[(a >>> 3) % deeds.length],
    byNs: (c >>> 4) % (5 * MS),
  };
}

/** Everything that happens, as often as it stands here. */
const acts: readonly Act[] = [
  (v, a, b, c) => v.guest.host.postRaw(hostMessage(a, b, c)),
  (v, a, b, c) => v.guest.host.postRaw(hostMessage(a, b, c)),
  (v, a, b, c) => v.guest.host.postRaw(hostMessage(a, b, c)),
  // An earlier message once more, as it was, cut off, or with a word changed.
  (v, a) => v.guest.host.postRaw(v.earlier(a)),
  (v, a, b) => v.guest.host.postRaw(v.earlier(a).slice(0, b % 240)),
  (v, a, b, c) => {
    const bytes = v.earlier(a).slice();
    bytes[b % bytes.length] = c;
    v.guest.host.postRaw(bytes);
  },
  (v, a, b, c) =>
    v.guest.host.postRaw(Uint8Array.from({ length: a % 241 }, (_, i) => (b * (i + 1)) ^ (c >>> (i & 15)))),
  (v, a, b, c) =>
    v.guest.host.postRaw(
      Uint8Array.from({ length: 8 + (a % 60) }, (_, i) => (i === 0 ? b % 26 : i < 4 ? 0 : c >>> (i & 7))),
    ),
  // The message slot and event flags themselves.
  (v, a, b, c) => {
    const { message } = v.guest.vmbus.contexts[a % CPUS];
    message.payloadSize = [0, 7, 12, 240, 241, 255, 0xffffffff][b % 7];
    message.type = [0, 1, 2, 0x80000010, 0xffffffff][c % 5];
    v.guest.host.faults.raise(0, a % CPUS);
  },
  (v, a, b) => v.guest.host.faults.raise(relids[b % relids.length] % 2048, a % CPUS),
  (v, a, b) => v.guest.host.faults.raise(b % 2048, a % (CPUS + 1)),
  (v, a, b, c) => {
    const { eventFlags } = v.guest.vmbus.contexts[a % CPUS];
    if ((c & 1) === 0) setBit(eventFlags, b % 2048);
    else clearBit(eventFlags, b % 2048);
  },
  // Rings.
  (v, a, b, c) => {
    const channel = v.hostChannel(b);
    if (channel?.state.kind !== 'open') return;
    const value = [0, 8, 16, 4096, 4095, 0xffffffff, c][c % 7];
    v.guest.host.faults.poke(
      channel,
      ringNames[a & 1],
      ringPlaceNames[(a >>> 1) % ringPlaceNames.length],
      value,
    );
    v.guest.host.signal(channel.relid);
  },
  (v, a, b, c) => {
    const channel = v.hostChannel(b);
    if (channel?.state.kind !== 'open') return;
    // Near the packet that is next, or anywhere.
    const { ring } = channel.state.toGuest;
    const near = ((ring.load(0) + ((a >>> 4) % 16) * 4 - 24 + ring.dataBytes) % ring.dataBytes) & ~3;
    const at = (a & 2) === 0 ? near : ((a >>> 2) % 0x2000) << 2;
    ifPossible(() => v.guest.host.faults.poke(channel, ringNames[a & 1], at, c >>> (b % 25)));
    v.guest.host.signal(channel.relid);
  },
  (v, a, b, c) => {
    const channel = v.hostChannel(b);
    if (channel === undefined) return;
    const payload = Uint8Array.from({ length: a % 120 }, (_, i) => (i % 4 === 0 ? c >>> (i & 7) : 0));
    v.guest.host.send(channel, payload, c % 8, (a >>> 8) % (100 * US), [6, 7, 11, c % 20][a & 3]);
  },
  (v, a, b) => v.guest.host.signal(relids[b % 10], 1 + (a % 3)),
  // Whole habits.
  (v, a, b, c) => v.guest.host.faults.add(ruleOf(a, b, c)),
  (v, _a, _b, c) => {
    if (c % 4 === 0) v.guest.host.faults.stop();
  },
  // What honest hosts do, too.
  (v, _a, b) => ifPossible(() => v.guest.host.rescind(relids[b % 10])),
  (v, a) => ifPossible(() => v.guest.host.offer(devices[a % devices.length])),
  // What the guest does by itself. The connect CPU stays online: Linux lets it go only while it is not connected.
  (v, a, b) => {
    const { hotplug } = v.guest.machine;
    const cpu = 1 + (a % (CPUS - 1));
    v.start('hotplug', b % 2 === 0 ? hotplug.cpuDown(cpu) : hotplug.cpuUp(cpu));
  },
  (v, a, b) => {
    const channel = v.guest.connection.relids.relid2channel(relids[b % 10]);
    if (channel === undefined) return;
    irqSetAffinity(v.guest.irq, channel.irq, CpuMask.of(CPUS, [a % CPUS]));
  },
  (v, a, b) => {
    const channel = v.guest.connection.relids.relid2channel(relids[b % 10]);
    if (channel !== undefined)
      ifPossible(() => v.guest.vmbus.operations.sendPacket(channel, new Uint8Array(a % 300), b));
  },
  (v, a, b) => {
    const { driverData } = v.guest.connection.relids.relid2channel(2)?.device ?? {};
    if (!(driverData instanceof StorvscDevice)) return;
    for (let i = 0; i <= a % 30; i++)
      driverData.submit({
        cpu: b % CPUS,
        bytes: (a >>> 8) % 0x8000,
        isWrite: (a & 0x80) !== 0,
        completed: () => {},
      });
  },
  (v, a, b) => {
    const { driverData } = v.guest.connection.relids.relid2channel(1)?.device ?? {};
    if (!(driverData instanceof NetvscDevice)) return;
    for (let i = 0; i <= a % 30; i++) driverData.transmit({ hash: b + i, bytes: 1514 });
  },
  (v, a) => {
    const nic = v.guest.connection.relids.relid2channel(1)?.device;
    if (nic?.driver?.setChannels !== undefined && a % 8 === 0)
      v.start('set_channels', nic.driver.setChannels(nic, 1 + ((a >>> 3) % 4)));
  },
  (v, a) => {
    if (a % 64 === 0) v.start('hibernate', v.hibernate());
  },
  // Time.
  (v, a) => v.guest.machine.elapse(a % (20 * US)),
  (v, a) => v.guest.machine.elapse(a % (200 * US)),
  (v, a) => v.guest.machine.elapse(a % MS),
  (v, a, b) => v.guest.machine.elapse(b % 16 === 0 ? a % (300 * MS) : a % (3 * MS)),
];
