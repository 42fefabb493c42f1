import { isRecord } from '../difference.js';

/** Head of a boot: the machine, and what the recording is about. */
export interface BootHead {
  readonly boot: number;
  readonly kernel: string;
  readonly smp: number;
  /** Kernel arguments. */
  readonly append?: string;
  /** QEMU's -numa options. */
  readonly numa?: readonly string[];
  /** Newest VMBus version of the host; `host` in recordings of the negotiation. Default 5.3. */
  readonly version?: string;
  readonly host?: string;
  /** Newest version that the guest may propose (hv_vmbus.max_version). */
  readonly guest?: string;
  readonly set?: string;
  readonly case?: string;
  readonly seed?: number;
}

export type BootOp = Readonly<Record<string, unknown>> & { readonly op: string };

/** One boot of a recorded machine: what was done to it, in order. */
export interface RecordedBoot {
  readonly kernel: string;
  readonly head: BootHead;
  readonly ops: readonly BootOp[];
}

/** True for the first line of a file that has boots. */
export function isBootHead(value: unknown): value is BootHead {
  return isRecord(value) && typeof value.boot === 'number' && typeof value.smp === 'number';
}

/** The boots of a file's lines. */
export function bootsOf(lines: readonly unknown[]): RecordedBoot[] {
  const boots: { kernel: string; head: BootHead; ops: BootOp[] }[] = [];
  for (const line of lines) {
    if (isBootHead(line)) boots.push({ kernel: line.kernel, head: line, ops: [] });
    else if (isOp(line)) boots.at(-1)?.ops.push(line);
  }
  return boots;
}

function isOp(value: unknown): value is BootOp {
  return isRecord(value) && typeof value.op === 'string';
}

/** What the recording's driver was loaded with, which is not written down, but follows from what came of it. */
export interface LabParameters {
  /** It opens channels when it gets them. */
  readonly autoopen: boolean;
  /** Pages of each ring, with the header. */
  readonly ringPages: number;
}

const PAGE = 4096;

export function labParametersOf(ops: readonly BootOp[]): LabParameters {
  const opened = ops.findIndex(
    ({ op, path, data }) => op === 'w' && path === 'lab' && /^open /.test(String(data)),
  );
  const before = opened < 0 ? ops : ops.slice(0, opened);
  const counts = before.flatMap(({ counts: found }) => (isRecord(found) ? [found] : []));
  const headers = messagesIn(ops).filter((text) => text.startsWith('guest GPADL_HEADER'));
  const early = messagesIn(before).filter((text) => text.startsWith('guest OPENCHANNEL'));
  const isUnknown = counts.length === 0 && !before.some(({ op }) => op === 'messages');
  const autoopen = isUnknown || early.length > 0 || counts.some(({ OPENCHANNEL = 0 }) => OPENCHANNEL !== 0);
  const bytes = Number(/bytes=(\d+)/.exec(headers[0] ?? '')?.[1] ?? 4 * PAGE);
  return { autoopen, ringPages: bytes / 2 / PAGE };
}

function messagesIn(ops: readonly BootOp[]): string[] {
  return ops.flatMap(({ op, list }) => (op === 'messages' && Array.isArray(list) ? list.map(String) : []));
}
