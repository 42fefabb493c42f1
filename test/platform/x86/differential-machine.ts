import { Guest } from '../../../src/guest/guest.js';
import { irqCreateAffinityMasks } from '../../../src/irq/affinity/create-masks.js';
import { ErrnoError } from '../../../src/lib/errno.js';
import { debugfsOf, filesOf, fileText, lineText, listOf, IRQS } from './differential-text.js';
import type { StraightDevice, StraightHost } from './straight-devices.js';
import { cpuDown, cpuUp, plugDevice, unplugDevice } from './straight-devices.js';
import { kernels } from './straight-kernels.js';
import {
  allocLine,
  errnoName,
  freeIrq,
  freeLine,
  isaLine,
  matrixText,
  OK,
  raise,
  requestIrq,
  settle,
  type StraightLine,
  straightMachine,
  writeAffinity,
  writeDefaultAffinity,
} from './straight-model.js';

/** A machine, in numbers that shrink well. */
export interface MachineOptions {
  readonly kernel: '6.1' | '6.12' | '7.2';
  readonly generation: 1 | 2;
  readonly remapped: boolean;
  readonly cpus: number;
  /** CPUs that are offline from the start, and those that managed interrupts keep away from; never CPU 0. */
  readonly offline: number;
  readonly isolated: number;
  readonly nodes: 1 | 2;
  readonly channels: number;
}

export type Operation =
  | { readonly op: 'pin'; readonly pin: number; readonly level: boolean }
  | {
      readonly op: 'message';
      readonly number: number;
      /** CPUs of a managed one; 0: it is none. */
      readonly managed: number;
    }
  | { readonly op: 'unplug line' | 'request' | 'free'; readonly line: number }
  | { readonly op: 'raise'; readonly line: number; readonly times: number }
  | { readonly op: 'affinity'; readonly line: number; readonly mask: number }
  | { readonly op: 'default affinity'; readonly mask: number }
  | {
      readonly op: 'plug';
      readonly kind: StraightDevice['kind'];
      readonly queues: number;
      readonly node: number;
      readonly managed: boolean;
    }
  | { readonly op: 'unplug'; readonly device: number }
  | { readonly op: 'offline' | 'online'; readonly cpu: number }
  | { readonly op: 'run'; readonly ms: number };

/** Lines of the log that the vectors, or what stands on them, write. */
const OURS =
  /^(Interrupt reservation exceeds|irq \d+: Affinity broken|IRQ \d+ schedule cleanup|IRQ fixup: irq|CPU \d+ has|Reserved vectors|IRQ\d+: set affinity|.*No irq handler|Eff\. affinity|Managed startup|WARNING)/;

const FIRST_MESSAGE = 5000;
const ACPI_SCI = 9;

/** The product's guest and the straight-line model of it, done the same to. */
export class Pair {
  readonly guest: Guest;
  private readonly host: StraightHost;
  /** Lines that an operation plugged, with the ISA ones, by number. */
  private readonly plugged: number[] = [];
  private readonly isa: ReadonlySet<number>;
  private logged: number;
  private devices = 0;
  /** What has come about so far. */
  readonly seen = new Set<string>();

  constructor(private readonly options: MachineOptions) {
    const { kernel, generation, remapped, cpus, nodes, channels } = options;
    const nodeOf = Array.from({ length: cpus }, (_, cpu) => Math.floor(cpu / Math.ceil(cpus / nodes)));
    const all = (1 << cpus) - 1;
    const offline = options.offline & all & ~1;
    const isolated = remapped && kernel === '6.1' ? 0 : options.isolated & all & ~1;
    const bits = (mask: number): number[] => [...nodeOf.keys()].filter((cpu) => (mask & (1 << cpu)) !== 0);
    this.guest = Guest.create({
      cpus: { present: cpus, online: bits(all & ~offline), isolated: bits(isolated), nodes },
      kernel,
      generation,
      interruptRemapping: remapped ? 'intel' : 'none',
      // Time goes by while channels are moved, and the second model knows nothing of that.
      design: { offlinePolicy: 'refuse' },
      devices: [
        { driver: 'heartbeat', relid: 7 },
        ...(channels > 0
          ? [{ driver: 'netvsc' as const, relid: 13, channels: channels, subChannels: [16, 17] }]
          : []),
      ],
    });
    const pic = generation === 1;
    const m = straightMachine({
      kernel: kernels[kernel],
      nodeOf,
      housekeeping: isolated === 0 ? undefined : all & ~isolated,
      online: all & ~offline,
      pic,
    });
    const isa = Array.from({ length: 16 }, (_, irq) => irq).filter((irq) => !(pic && irq === 2));
    for (const irq of isa) isaLine(m, irq, irq === ACPI_SCI, pic, remapped);
    this.isa = new Set(isa);
    const taken = new Set(
      this.guest.fs
        .readdir(IRQS)
        .map(Number)
        .filter((irq) => irq >= 16 && irq < FIRST_MESSAGE),
    );
    const masks = (vectors: number, preVectors: number) => {
      const found = irqCreateAffinityMasks(this.guest.irqCore, vectors, { preVectors, postVectors: 0 });
      return (
        found?.map(({ mask, managed }) => ({
          mask: [...mask].reduce((sum, cpu) => sum | (1 << cpu), 0),
          managed,
        })) ?? null
      );
    };
    this.host = { m, remapped, masks, taken, devices: [] };
    this.logged = this.guest.log.length;
    this.settle();
  }

  /** Does it to both. @returns what differs, '' if nothing does. */
  apply(operation: Operation): string {
    const [said, expected] = this.both(operation);
    if (said !== expected) return `${said || 'success'} instead of ${expected || 'success'}`;
    this.settle();
    if (said !== '') this.seen.add(`${said} of ${operation.op}`);
    for (const line of this.host.m.log) this.seen.add(line.replace(/\d+/g, 'N'));
    for (const line of this.host.m.lines.values()) this.note(line);
    return this.difference();
  }

  private note(line: StraightLine): void {
    const { seen } = this;
    if (line.moveInProgress) seen.add('a move in progress');
    if (line.moveInProgress && line.pending) seen.add('another one that waits for it');
    if (line.cleanupPending) seen.add('a cleanup that waits');
    if (line.cleanupPending && line.pending) seen.add('a move that waits for the cleanup');
    if (line.managedShutdown && line.actions > 0) seen.add('a managed line that is shut down');
    if (line.managed && line.prevVector !== 0) seen.add('a managed line that moves');
    if (line.vector !== 0 && (this.host.m.online & (1 << line.cpu)) === 0)
      seen.add('a vector on an offline CPU');
    if (line.actions > 0 && (line.effective & ~line.affinity) !== 0) seen.add('a line outside its mask');
  }

  private settle(): void {
    settle(this.host.m, this.guest.now);
  }

  private both(operation: Operation): [string, string] {
    const { guest, host } = this;
    const { m } = host;
    switch (operation.op) {
      case 'pin':
        return this.plugLine(operation.pin, operation.level);
      case 'message':
        return this.plugLine(FIRST_MESSAGE + operation.number, undefined, operation.managed);
      case 'unplug line': {
        const irq = this.plugged[operation.line % this.plugged.length];
        if (irq === undefined) return ['', ''];
        this.plugged.splice(this.plugged.indexOf(irq), 1);
        const line = m.lines.get(irq);
        while (line !== undefined && line.actions > 0) freeIrq(m, irq);
        if (!this.isa.has(irq)) freeLine(m, irq);
        return [errnoOf(() => guest.lines.unplug(irq)), ''];
      }
      case 'request': {
        const irq = this.plugged[operation.line % this.plugged.length];
        return irq === undefined ? ['', ''] : this.request(irq);
      }
      case 'free': {
        const line = this.line(
          operation.line,
          ({ irq, actions }) => this.plugged.includes(irq) && actions > 0,
        );
        if (line === undefined) return ['', ''];
        freeIrq(m, line.irq);
        return [errnoOf(() => guest.irq(line.irq).free()), ''];
      }
      case 'raise': {
        const line = this.line(operation.line, ({ started }) => started);
        for (let i = 0; line !== undefined && i < operation.times; i++) {
          raise(m, line.irq);
          guest.irq(line.irq).raise();
        }
        return ['', ''];
      }
      case 'affinity': {
        // Half of them are for lines in use.
        const line = this.line(operation.line >> 1, ({ actions }) => operation.line % 2 === 0 || actions > 0);
        if (line === undefined) return ['', ''];
        const path = `/proc/irq/${line.irq}/smp_affinity`;
        const mask = operation.mask & ((1 << this.options.cpus) - 1);
        const said = errnoOf(() => guest.fs.writeFile(path, mask.toString(16)));
        return [said, writeAffinity(m, line.irq, mask)];
      }
      case 'default affinity': {
        const mask = operation.mask & ((1 << this.options.cpus) - 1);
        const said = errnoOf(() => guest.fs.writeFile('/proc/irq/default_smp_affinity', mask.toString(16)));
        return [said, writeDefaultAffinity(m, mask)];
      }
      case 'plug': {
        const { queues, managed } = operation;
        // The IPIs of a task that moves several lines wait until it gives way; on hardware others take them meanwhile.
        const mayMoveSeveral = !(this.options.remapped && m.kernel.cleanupByIpi);
        const kind = operation.kind === 'virtio-net' && !mayMoveSeveral ? 'virtio-blk' : operation.kind;
        const node = operation.node < this.options.nodes ? operation.node : -1;
        const name = kind === 'msix' ? `msix${this.devices++}` : undefined;
        let plugged = '';
        const said = errnoOf(() => {
          const near = node >= 0 ? { node } : {};
          const own = kind === 'msix' ? { managed, name } : {};
          plugged = guest.lines.plugPci({ driver: kind, queues, ...near, ...own });
        });
        return [said, plugDevice(host, { name: plugged, kind, queues, node, managed })];
      }
      case 'unplug': {
        const device = host.devices[operation.device % host.devices.length];
        if (device === undefined) return ['', ''];
        unplugDevice(host, device.name);
        return [errnoOf(() => guest.lines.unplugPci(device.name)), ''];
      }
      case 'offline': {
        const cpu = this.cpu(operation.cpu);
        if ((m.online & (1 << cpu)) === 0) return ['', ''];
        const said = errnoOf(() => guest.cpu(cpu).offline());
        return [said, cpuDown(host, cpu, said === 'EBUSY')];
      }
      case 'online': {
        const cpu = this.cpu(operation.cpu);
        if ((m.online & (1 << cpu)) !== 0) return ['', ''];
        cpuUp(host, cpu);
        return [errnoOf(() => guest.cpu(cpu).online()), ''];
      }
      case 'run':
        guest.run({ ms: operation.ms });
        return ['', ''];
    }
  }

  /** CPU 0, where VMBus lives, only if it is asked for. */
  private cpu(number: number): number {
    const { cpus } = this.options;
    return number === 0 || cpus === 1 ? 0 : 1 + ((number - 1) % (cpus - 1));
  }

  /** A pin of the IO-APIC (`level` or not), or a message of its own (undefined). */
  private plugLine(irq: number, level: boolean | undefined, managed = 0): [string, string] {
    const { remapped } = this.options;
    if (this.plugged.includes(irq) || (this.options.generation === 1 && irq === 2)) return ['', ''];
    const isMessage = level === undefined;
    // Without a PIC an ISA pin stays as it was set up (mp_check_pin_attr).
    const isLevel = level === true && !this.isa.has(irq);
    const name = `${remapped ? 'IR-' : ''}${isMessage ? 'PCI-MSI' : 'IO-APIC'}`;
    const { m } = this.host;
    const mask = managed & ((1 << this.options.cpus) - 1);
    const affinity = mask === 0 ? undefined : { mask, managed: true };
    const isThere = m.lines.has(irq);
    const ret = isThere
      ? OK
      : allocLine(m, { irq, node: -1, level: isLevel, remapped, msi: isMessage, affinity });
    const flow = isLevel ? 'fasteoi' : 'edge';
    const kept = mask === 0 ? {} : { managed: true, affinity: listOf(mask, this.options.cpus) };
    let refused = false;
    try {
      this.guest.lines.plug({ irq, chip: name, flow, ...kept });
    } catch (error) {
      if (!(error instanceof RangeError && error.message.endsWith(': -28'))) throw error;
      refused = true;
    }
    if (refused || ret !== OK) return [refused ? 'ENOSPC' : '', errnoName(ret)];
    this.plugged.push(irq);
    return this.request(irq);
  }

  private request(irq: number): [string, string] {
    const said = errnoOf(() => this.guest.irq(irq).request({ name: 'driver', flags: ['IRQF_SHARED'] }));
    return [said, errnoName(requestIrq(this.host.m, irq))];
  }

  /** Any line, from the matrix' or those that fit. */
  private line(index: number, fits: (line: StraightLine) => boolean): StraightLine | undefined {
    const lines = [...this.host.m.lines.values()].filter(fits).sort((a, b) => a.irq - b.irq);
    return lines[index % lines.length];
  }

  private difference(): string {
    const { guest, host } = this;
    const { m } = host;
    const found: string[] = [];
    const compare = (what: string, said: string, expected: string) => {
      if (said !== expected) found.push(`${what}:\n${said}\ninstead of\n${expected}`);
    };
    const text = guest.fs.readFile('/sys/kernel/debug/irq/domains/VECTOR');
    compare('VECTOR', text.slice(text.indexOf('Online')), matrixText(m));
    const flags = this.options.kernel === '6.1' ? '0x00000003' : '0x00000103';
    compare('flags', /flags: {2}(\w+)/.exec(text)?.[1] ?? '', flags);
    compare('mapped', /mapped: (\d+)/.exec(text)?.[1] ?? '', String(m.lines.size));
    const log = guest.log.slice(this.logged).map((line) => line.text);
    this.logged = guest.log.length;
    compare('log', log.filter((line) => OURS.test(line)).join('\n'), m.log.splice(0).join('\n'));
    for (const line of m.lines.values()) {
      const { irq } = line;
      compare(`IRQ ${irq} in debugfs`, debugfsOf(guest, irq), lineText(line, this.options.cpus));
      compare(`files of IRQ ${irq}`, filesOf(guest, irq), fileText(line, this.options.cpus));
      compare(`counts of IRQ ${irq}`, guest.irq(irq).counts.join(' '), line.counts.join(' '));
    }
    return found.slice(0, 4).join('\n\n');
  }
}

function errnoOf(deed: () => void): string {
  try {
    deed();
    return '';
  } catch (error) {
    if (error instanceof ErrnoError) return error.code;
    throw error;
  }
}
