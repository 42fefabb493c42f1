import { maskedText } from '../tracefs/masks.js';
import { type Difference, difference, isRecord } from '../difference.js';
import type { BootOp } from './boot.js';
import type { Outcome } from './boot-replay.js';

/** So many messages at most have an interrupt more or less than the model's. */
const MESSAGES_WAITING = 3;

/**
 * Holds one recorded operation against what the model made of it. What is the recording's own is left out by rule:
 *
 * - /proc/uptime, and the kernel's log of before drivers/hv was loaded: the machine's.
 * - The CPUs' synics are switched on at boot in any order, as those works run at once.
 * - Where the order of a list of messages differs, the guest's messages, offers, rescinds and those of each channel have
 *   theirs, and the others come as often: work queues and the host run beside each other. What a write in the background
 *   sends may come with the next list.
 * - The connect CPU's count of interrupts may be a few off: it depends on whether a message waits already when the handler
 *   is done with the one before.
 * - Links and paths lead through the platform device that the recording's bus hangs on, instead of the ACPI device.
 */
export class Comparison {
  /** Messages of the model that the recording has not had yet. */
  private readonly early: string[] = [];
  /** Writes in the background have been started since the last list of messages. */
  private inBackground = false;
  private isFirstLog = true;

  /** Where they differ; undefined if they do not. */
  compare(op: BootOp, actual: Outcome): Difference | undefined {
    switch (op.op) {
      case 'messages':
        return this.compareMessages(textsOf(op.list), textsOf(actual?.list));
      case 'wbg':
        this.inBackground = true;
        return undefined;
      case 'host':
        return difference(hostOf(op), hostOf(actual ?? {})) ?? compareMessageInterrupts(op, actual ?? {});
      case 'k':
        return this.compareLog(op, actual);
      case 'tree':
        return difference(withoutParents(op.entries), withoutParents(actual?.entries));
      case 'r':
        if (op.path === '/proc/uptime') return undefined;
        return difference(readOf(op, op), readOf(op, actual ?? {}));
      default:
        return difference(resultOf(op), resultOf(actual ?? {}));
    }
  }

  private compareMessages(recorded: readonly string[], list: readonly string[]): Difference | undefined {
    const actual = [...this.early.splice(0), ...list];
    const background = this.inBackground;
    this.inBackground = false;
    if (difference(bootOrdered(recorded), bootOrdered(actual)) === undefined) return undefined;
    if (background) {
      // What the recording does not have yet comes later.
      const left = [...recorded];
      const early = actual.filter((text) => {
        const at = left.indexOf(text);
        if (at >= 0) left.splice(at, 1);
        return at < 0;
      });
      if (left.length === 0) {
        for (const text of early) actual.splice(actual.lastIndexOf(text), 1);
        this.early.push(...early);
        this.inBackground = early.length > 0;
      }
    }
    const [expected, found] = [bootOrdered(recorded), bootOrdered(actual)];
    for (const [what, part] of partsOf([...recorded, ...actual])) {
      const apart = difference(expected.filter(part), found.filter(part), what);
      if (apart !== undefined) return { ...apart, path: 'messages', expected: recorded, actual };
    }
    // Those that are in no part come as often, wherever that is.
    if (difference(expected.toSorted(), found.toSorted()) === undefined) return undefined;
    return { path: 'messages', expected: recorded, actual };
  }

  private compareLog(op: BootOp, actual: Outcome): Difference | undefined {
    const lines = textsOf(op.log);
    const from = this.isFirstLog ? lines.findIndex((text) => text.startsWith('hv_vmbus: ')) : 0;
    const isWhole = this.isFirstLog && lines.some((text) => text.startsWith('Linux version'));
    this.isFirstLog = false;
    const log = lines.slice(Math.max(0, from)).filter((text) => !isWhole || text.startsWith('hv_vmbus: '));
    const cpu = textsOf(op.cpu).filter((text) => !isWhole || isHotplug(text));
    return difference({ log, cpu }, { log: actual?.log, cpu: actual?.cpu });
  }
}

function isHotplug(text: string): boolean {
  return /is now offline$|^smpboot: Booting Node/.test(text);
}

/** What a file said, without what it happened to be. */
function readOf({ path }: BootOp, result: Outcome): unknown {
  const text = result?.text;
  return resultOf(
    typeof text === 'string' ? { ...result, text: maskedText(String(path), text) } : (result ?? {}),
  );
}

function textsOf(list: unknown): string[] {
  return Array.isArray(list) ? list.map(String) : [];
}

/** The list with the synics that are switched on before the first message in order. */
function bootOrdered(list: readonly string[]): string[] {
  const first = list.findIndex((text) => text.startsWith('guest INITIATE_CONTACT'));
  return first < 0 ? [...list] : [...list.slice(0, first).sort(), ...list.slice(first)];
}

/** What keeps its order: the guest's messages, the host's, and those about each channel. */
function partsOf(all: readonly string[]): Map<string, (text: string) => boolean> {
  const parts = new Map<string, (text: string) => boolean>();
  for (const side of ['guest ', 'host OFFERCHANNEL', 'host RESCIND', 'synic vp='])
    parts.set(side, (text) => text.startsWith(side));
  const relids = new Set(all.flatMap((text) => / relid=\d+/.exec(`${text} `)?.[0] ?? []));
  for (const relid of relids) parts.set(relid, (text) => `${text} `.includes(`${relid} `));
  return parts;
}

/** A state of the host without the connect CPU's count of interrupts, which has messages in it. */
function hostOf(state: Readonly<Record<string, unknown>>): unknown {
  const { op: _op, boot: _boot, vps, channels, ...others } = state;
  const list = Array.isArray(vps) ? vps.filter(isRecord) : [];
  return {
    ...others,
    channels,
    vps: list.map(({ interrupts, ...vp }) => (vp.vp === state.connect_vp ? vp : { ...vp, interrupts })),
  };
}

/** The count that hostOf leaves out. */
function compareMessageInterrupts(
  recorded: Readonly<Record<string, unknown>>,
  actual: Readonly<Record<string, unknown>>,
): Difference | undefined {
  const expected = connectInterrupts(recorded);
  const found = connectInterrupts(actual);
  if (Math.abs(expected - found) <= MESSAGES_WAITING) return undefined;
  return { path: 'interrupts of the connect CPU', expected, actual: found };
}

function connectInterrupts({ vps, connect_vp }: Readonly<Record<string, unknown>>): number {
  const list = Array.isArray(vps) ? vps.filter(isRecord) : [];
  return Number(list.find(({ vp }) => vp === connect_vp)?.interrupts ?? 0);
}

const results = ['ret', 'err', 'text', 'names', 'mode', 'channels', 'done', 'left'] as const;

function resultOf(op: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(results.flatMap((key) => (op[key] === undefined ? [] : [[key, op[key]]])));
}

/** Entries of a directory, whose links say nothing of the devices above VMBus. */
function withoutParents(value: unknown): unknown {
  if (!isRecord(value)) return value;
  const entries = Object.entries(value).map(([key, inner]): [string, unknown] => [
    key,
    key === 'to' ? linkEnd(String(inner)) : withoutParents(inner),
  ]);
  return Object.fromEntries(entries);
}

function linkEnd(target: string): string {
  return target.replace(/^(\.\.\/)+/, '').replace(/^devices\/.*\//, 'devices/…/');
}
