import { hostMessage } from '../../fuzz/messages.js';
import { requestFlagNames } from '../../../src/devices/line/request-flags.js';
import { deeds } from '../../../src/host/misbehave/deeds.js';
import { hostMessageNames, messageFieldNames } from '../../../src/host/misbehave/message.js';
import { packetFieldNames } from '../../../src/host/misbehave/packet.js';
import { ringNames, ringPlaceNames } from '../../../src/host/misbehave/rings.js';
import type { MisbehaveRule } from '../../../src/host/misbehave/rule.js';
import { sentKinds } from '../../../src/host/misbehave/sent.js';
import { signalFieldNames } from '../../../src/host/misbehave/signal.js';
import type { Guest } from '../../../src/guest/guest.js';
import type { Action } from '../trial.js';
import { fileAct } from './files.js';
import type { Life } from './life.js';
import { laterDevices, NIC, PORT, pciDevices, relids, SCSI, spareRelids } from './options.js';

type Act = (guest: Guest, a: number, b: number, c: number, life: Life) => void;

const words = [0, 1, 2, 7, 8, 16, 255, 2047, 2048, 4096, 0x7fffffff, 0xfffffff8, 0xffffffff];
const irqNumbers = [0, 4, 9, 11, 24, 25, 26, 27, 30, 40];

const of = <T>(items: readonly T[], n: number): T => items[n % items.length];
/** Mostly one of the CPUs that there are. */
const cpuOf = ({ machine }: Guest, n: number): number => n % (machine.nrCpuIds + (n % 64 === 0 ? 2 : 0));
/** Mostly the relid of a channel that there is. */
function relidOf({ vmbus }: Guest, n: number): number {
  const channels = [...vmbus.connection.channels()];
  return n % 8 === 0 || channels.length === 0 ? of(relids, n >>> 3) : of(channels, n >>> 3).relid;
}
function irqOf({ irqCore }: Guest, n: number): number {
  const descs = [...irqCore.descs()];
  return n % 8 === 0 || descs.length === 0 ? of(irqNumbers, n >>> 3) : of(descs, n >>> 3).irq;
}

function ruleOf(guest: Guest, a: number, b: number, c: number): MisbehaveRule {
  const what = of(sentKinds, a);
  const message = what === 'message' && (a & 0x10) !== 0 ? of(hostMessageNames, a >>> 5) : undefined;
  const deed =
    what === 'guestSignal'
      ? of(
          deeds.filter((one) => one !== 'corrupt'),
          b,
        )
      : of(deeds, b);
  const fields =
    what === 'message' ? messageFieldNames(message) : what === 'signal' ? signalFieldNames : packetFieldNames;
  const names = deed === 'corrupt' && (b & 0x100) !== 0;
  return {
    what,
    message,
    relid: (a & 0x1000) === 0 ? undefined : relidOf(guest, a >>> 13),
    nth: (b & 0x200) === 0 ? undefined : 1 + (c % 3),
    times: (b & 0x400) === 0 ? undefined : 1 + ((c >>> 2) % 4),
    chance: (b & 0x800) === 0 ? undefined : (c % 100) / 100,
    deed,
    byNs: (c >>> 4) % 5_000_000,
    ...(names ? { field: of(fields, b >>> 12), value: of(words, c) } : {}),
  };
}

/** What hosts do against the protocol. */
const hostile: Readonly<Record<string, Act>> = {
  misbehave: (guest, a, b, c) => guest.host.misbehave(ruleOf(guest, a, b, c)),
  'two faults at once': (guest, a, b, c) => {
    guest.host.misbehave(ruleOf(guest, a, b, c));
    guest.host.misbehave(ruleOf(guest, c, a, b));
  },
  send: (guest, a, b, c) => guest.host.send(hostMessage(a, b, c)),
  'send bytes': (guest, a, b, c) =>
    guest.host.send(Uint8Array.from({ length: a % 245 }, (_, i) => (i === 0 ? b % 26 : c >>> (i & 31)))),
  'raise a flag': (guest, a, b) => guest.host.raise(relidOf(guest, b), cpuOf(guest, a)),
  'set a flag': (guest, a, b) => guest.host.flag(relidOf(guest, b), cpuOf(guest, a)),
  kick: (guest, a) => guest.host.kick(cpuOf(guest, a)),
  poke: (guest, a, b, c) => {
    const place = (a & 2) === 0 ? of(ringPlaceNames, a >>> 2) : ((a >>> 2) % 0x2000) << 2;
    guest.host.poke(relidOf(guest, b), of(ringNames, a), place, (a & 0x100) === 0 ? c : of(words, c));
  },
  'poke while both sides run': (guest, a, b, c) => {
    const relid = relidOf(guest, b);
    const value = of(words, c);
    for (let i = 1; i <= 1 + (a % 5); i++)
      guest.at(guest.now + i * (1 + (c % 20_000)), () => {
        if (guest.host.channel(relid)?.state.kind === 'open')
          guest.host.poke(relid, of(ringNames, a + i), of(ringPlaceNames, a >>> 3), value);
      });
    traffic(guest, a, b);
    guest.run({ us: 200 });
  },
  'an offer of a relid in use': (guest, a, b) => guest.host.offer(of(laterDevices, a)(relidOf(guest, b))),
};

function traffic(guest: Guest, a: number, b: number): void {
  if (a % 2 === 0) guest.disk(SCSI).submit({ count: 1 + (a % 40), cpu: cpuOf(guest, b), write: b % 2 === 0 });
  else guest.nic(NIC).transmit({ count: 1 + (a % 40), flow: b });
}

/** What users and honest hosts do. */
const ordinary: Readonly<Record<string, Act>> = {
  run: (guest, a, b) => guest.run({ us: b % 16 === 0 ? a % 3_000_000 : a % 3000 }),
  signal: (guest, a, b) => guest.host.signal(relidOf(guest, b), 1 + (a % 6)),
  'signal all, then all CPUs take interrupts': (guest, a) => {
    const cpus = [...guest.machine.online].filter((cpu) => ((a >>> (cpu & 7)) & 1) !== 0);
    for (const cpu of cpus) guest.cpu(cpu).disableInterrupts();
    for (const { relid } of guest.vmbus.connection.channels()) guest.host.signal(relid, 2);
    for (const cpu of cpus) guest.cpu(cpu).enableInterrupts();
  },
  affinity: (guest, a, b) => guest.irq(irqOf(guest, b)).setAffinity([cpuOf(guest, a), cpuOf(guest, a >>> 8)]),
  'cpu file': (guest, a, b) => guest.channel(relidOf(guest, b)).setCpu(cpuOf(guest, a)),
  offline: (guest, a) => guest.cpu(cpuOf(guest, a)).offline(),
  online: (guest, a) => guest.cpu(cpuOf(guest, a)).online(),
  'plug a CPU': (guest, a, b) => {
    const cpu = guest.cpu(cpuOf(guest, a));
    cpu.plug();
    if (b % 4 !== 0) cpu.online();
  },
  'unplug a CPU': (guest, a) => guest.cpu(cpuOf(guest, a)).unplug(),
  rescind: (guest, _a, b) => guest.host.rescind(relidOf(guest, b)),
  offer: (guest, a, b) => guest.host.offer(of(laterDevices, a)(of(spareRelids, b))),
  channels: (guest, a, b) => guest.channel(b % 2 === 0 ? NIC : relidOf(guest, b)).setChannels(a % 6),
  indirection: (guest, a) => guest.nic(NIC).setIndirection({ equal: a % 5 }),
  interface: (guest, a) => guest.setInterface(NIC, a % 2 === 0),
  traffic: (guest, a, b) => traffic(guest, a, b),
  receive: (guest, a, b) => void guest.nic(NIC).receive({ count: 1 + (a % 30), flow: b }),
  drain: (guest, a, b) => {
    const relid = relidOf(guest, b);
    guest.host.drain(relid, false);
    guest.run({ us: a % 2000 });
    guest.host.drain(relid, true);
  },
  connect: (guest, a) => void guest.connect(a % 4 === 0 ? 1 : PORT),
  'suspend and resume': (guest, a, _b, _c, life) => {
    guest.suspend();
    life.isAwake = false;
    guest.run({ us: a % 5000 });
    guest.resume();
    life.isAwake = true;
  },
  'suspend alone': (guest, _a, _b, _c, life) => {
    guest.suspend();
    life.isAwake = false;
  },
  resume: (guest, _a, _b, _c, life) => {
    guest.resume();
    life.isAwake = true;
  },
  crash: (guest, a, b) =>
    guest.crash({ cpu: cpuOf(guest, a), ...(b % 3 === 0 ? { cmdline: 'nr_cpus=2' } : {}) }),
  kexec: (guest) => guest.kexec(),
  rmmod: (guest, a) => {
    const { names } = guest.vmbus.modules;
    guest.rmmod(of(names, a));
  },
  modprobe: (guest, a) => {
    const { names } = guest.vmbus.modules;
    guest.modprobe(of(names, a));
  },
  'unload all, and load all': (guest, a) => {
    const loaded = guest.vmbus.modules.names.filter((name) => guest.vmbus.modules.isLoaded(name)).reverse();
    guest.rmmod(...loaded);
    guest.run({ us: a % 5000 });
    guest.modprobe(...loaded.reverse());
  },
  uio: (guest, a, b) =>
    guest.useUio(relidOf(guest, b), of(['open', 'close', 'enable', 'disable'] as const, a)),
  'stimer0 by messages': (guest, a, b) => guest.host.timerExpired(cpuOf(guest, a), 1 + (b % 3)),
  raise: (guest, a, b) => guest.irq(irqOf(guest, b)).raise(a % 8 === 0 ? { cpu: cpuOf(guest, a >>> 3) } : {}),
  'request a line': (guest, a, b, c) =>
    guest.irq(irqOf(guest, b)).request({
      name: `r${c % 3}`,
      thread: of([false, true, 'alone'] as const, a),
      answers: (a & 8) === 0 ? 'handled' : 'none',
      flags: requestFlagNames.filter((_, i) => ((c >>> i) & 1) !== 0 && (a & 0x30) === 0),
    }),
  'free a line': (guest, a, b) => void guest.irq(irqOf(guest, b)).free(a % 2 === 0 ? undefined : `r${a % 3}`),
  'disable, then enable': (guest, a, b, _c, life) => {
    const irq = irqOf(guest, b);
    // Events of a channel whose line is off are lost, in Linux too.
    if (guest.irqCore.desc(irq)?.data.domain === guest.vmbus.connection.relids.domain) life.isHonest = false;
    guest.lines.disable(irq, of(['all', 'hardirq', 'nosync'] as const, a));
    guest.run({ us: a % 100 });
    if (a % 16 !== 0) guest.lines.enable(irq);
  },
  enable: (guest, _a, b) => guest.lines.enable(irqOf(guest, b)),
  synchronize: (guest, _a, b) => guest.lines.synchronize(irqOf(guest, b)),
  wake: (guest, a, b) => guest.lines.setWake(irqOf(guest, b), a % 2 === 0),
  'plug a line': (guest, a) =>
    guest.lines.plug({
      irq: 10 + (a % 6),
      chip: 'IO-APIC',
      flow: a % 2 === 0 ? 'edge' : 'fasteoi',
      name: 'new',
    }),
  'unplug a line': (guest, _a, b) => guest.lines.unplug(irqOf(guest, b)),
  'plug PCI': (guest, a, b) =>
    void guest.lines.plugPci({ ...of(pciDevices, a), bus: b % 2 === 0 ? 'pci' : 'hyperv' }),
  'unplug PCI': (guest, a) =>
    guest.lines.unplugPci(of(['nvme0', 'nvme1', 'virtio0', 'mana0', 'mlx50', 'msix'], a)),
  queues: (guest, a, b) => guest.lines.setQueues(of(['virtio0', 'mana0', 'mlx50', 'nvme0'], a), b % 6),
  'a file': fileAct,
  'another file': fileAct,
};

/** What ends a life, or most of it: seldom. */
const last: Readonly<Record<string, Act>> = {
  panic: (guest, a, _b, _c, life) => {
    guest.panic({ cpu: cpuOf(guest, a) });
    life.isAwake = false;
  },
  shutdown: (guest, _a, _b, _c, life) => {
    life.isAwake = false;
    guest.shutdown();
  },
};

const ordinaryActs = Object.entries(ordinary);
const hostileActs = Object.entries(hostile);
const lastActs = Object.entries(last);

/** What an action stands for in this life, by name. */
export function actOf(life: Life, [kind, a, b, c]: Action): readonly [string, (life: Life) => void] {
  const acts =
    kind % 97 === 0 ? lastActs : life.isHostile && (kind >>> 8) % 4 === 0 ? hostileActs : ordinaryActs;
  const [name, act] = of(acts, kind >>> 12);
  const isHostile = acts === hostileActs;
  return [
    name,
    () => {
      if (isHostile) life.isHonest = false;
      act(life.guest, a, b, c, life);
    },
  ];
}
