import { NetvscDevice } from '../../src/drivers/netvsc/device.js';
import { StorvscDevice } from '../../src/drivers/storvsc/device.js';
import { deeds } from '../../src/host/misbehave/deeds.js';
import { ringNames, ringPlaceNames } from '../../src/host/misbehave/rings.js';
import type { MisbehaveRule } from '../../src/host/misbehave/rule.js';
import { PCI, pciMessage, pciVersions } from '../../src/host/protocols/pci.js';
import { pciBusRelations } from '../../src/host/protocols/pci-functions.js';
import { sentKinds } from '../../src/host/misbehave/sent.js';
import { irqSetAffinity } from '../../src/irq/affinity/affinity.js';
import { clearBit, setBit } from '../../src/lib/bitmap.js';
import { ErrnoError } from '../../src/lib/errno.js';
import { CpuMask } from '../../src/machine/cpumask.js';
import type { Action } from '../hostile/trial.js';
import { hostMessage, relids } from './messages.js';
import { CPUS, devices, SPARE_CPUS, type Victim } from './victim.js';

/** Functions that the host may have put on a PCI bus. */
const pciFunctions = [0, 1, 2].map((slot) => ({
  slot,
  vendor: 0x1414,
  device: 0xb111,
  revision: 1,
  classCode: 0x010802,
  subsystem: 0,
  serial: slot,
  node: slot,
}));
const US = 1000;
const MS = 1_000_000;

type Act = (victim: Victim, a: number, b: number, c: number) => void;

/** Has a host do one action to its guest. */
export function act(victim: Victim, [kind, a, b, c]: Action): void {
  victim.perform(() => acts[kind % acts.length](victim, a, b, c));
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
  // A bus of PCI devices, told of functions and asked for some back.
  (v, a, b, c) => {
    const channel = v.guest.host.channel(5);
    if (channel === undefined) return;
    const types = Object.values(PCI);
    const payload =
      (a & 1) === 0
        ? pciBusRelations(pciVersions[b % pciVersions.length], pciFunctions.slice(b % 3, c % 4))
        : pciMessage(types[b % types.length], c % 3, c >>> 2);
    v.guest.host.send(channel, payload, (a >>> 1) % 4, (a >>> 8) % (100 * US), [6, 6, 11][c % 3]);
  },
  (v, a, b) => {
    for (let i = 0; i <= b % 3; i++) v.guest.host.timerExpired(a % CPUS);
  },
  (v, a, b) => ifPossible(() => v.guest.host.signal(relids[b % 10], 1 + (a % 3))),
  // Whole habits.
  // A signal of the guest has nothing that could be corrupted.
  (v, a, b, c) => ifPossible(() => v.guest.host.faults.add(ruleOf(a, b, c))),
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
  // A CPU that comes is brought online by its user, if at all. Some kernels number CPUs as they come.
  (v, a, b) => {
    const { cpuPlug, hotplug, present } = v.guest.machine;
    const cpu = 1 + (b % (CPUS - 1 + SPARE_CPUS));
    if (a % 4 === 0) v.start('plug', cpuPlug.plug(cpu));
    else if (a % 4 === 1) v.start('hotplug', hotplug.cpuUp(cpu));
    else if (a % 16 === 2 && present.has(cpu)) v.start('unplug', cpuPlug.unplug(cpu));
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
    const driverData = v.deviceOn(2)?.driverData;
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
    const driverData = v.deviceOn(1)?.driverData;
    if (!(driverData instanceof NetvscDevice)) return;
    for (let i = 0; i <= a % 30; i++) driverData.transmit({ hash: b + i, bytes: 1514 });
  },
  (v, a) => {
    const nic = v.deviceOn(1);
    if (nic?.driver?.setChannels !== undefined && a % 8 === 0)
      v.start('set_channels', nic.driver.setChannels(nic, 1 + ((a >>> 3) % 4)));
  },
  (v, a) => {
    if (a % 64 === 0) v.start('hibernate', v.hibernate());
  },
  // Modules, now and then all of them, the bus' last.
  (v, a, b) => {
    const { names } = v.guest.vmbus.modules;
    const one = names[b % names.length];
    if (a % 64 === 0) v.changeModules('rmmod', names.toReversed());
    else if (a % 64 === 1) v.changeModules('rmmod', [one]);
    else if (a % 8 === 2) v.changeModules('modprobe', a % 16 === 2 ? [one] : names);
  },
  (v, a) => {
    if (a % 64 === 0) v.panic();
    else if (a % 64 === 1) v.start('kexec', v.kexec());
  },
  // The host leaves a ring alone for a while.
  (v, a, b) => ifPossible(() => v.guest.host.drain(relids[b % 10], a % 4 !== 0)),
  // Time.
  (v, a) => v.guest.machine.elapse(a % (20 * US)),
  (v, a) => v.guest.machine.elapse(a % (200 * US)),
  (v, a) => v.guest.machine.elapse(a % MS),
  (v, a, b) => v.guest.machine.elapse(b % 16 === 0 ? a % (300 * MS) : a % (3 * MS)),
];
