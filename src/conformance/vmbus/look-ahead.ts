import { isRecord } from '../difference.js';
import type { BootOp } from './boot.js';
import type { HostLog } from './host-log.js';

/** Operations after which the host is as it was, but for what time brings. */
const quiet: ReadonlySet<string> = new Set(['r', 'ls', 'stat', 'tree', 'lab', 'k', 'wait', 'messages']);

/**
 * When the host has followed as far as the recording shows before its operation `index`: the list of messages has the line,
 * or the next state of the host has the channel on its new VP.
 *
 * @returns whether it has; undefined if the recording shows nothing.
 */
export function followsBefore(
  ops: readonly BootOp[],
  index: number,
  log: HostLog,
): (() => boolean) | undefined {
  const here = ops[index];
  if (here.op === 'messages') {
    const recorded = textsOf(here).filter(isFollow).length;
    const missing = recorded - log.texts.filter(isFollow).length;
    if (missing <= 0) return undefined;
    const target = log.follows + missing;
    return () => log.follows >= target;
  }
  // The later the better: only before what comes out otherwise if the host has not followed.
  if (here.op !== 'host' && !isEvent(here)) return undefined;
  const next = ops.slice(index).find((op) => !quiet.has(op.op) && !isEvent(op));
  if (next?.op !== 'host' || !Array.isArray(next.channels)) return undefined;
  const moved = next.channels.filter(isRecord).filter(({ relid, vp }) => {
    const record = log.channels.get(Number(relid));
    return record !== undefined && record.vp !== vp && log.pending.includes(record.relid);
  });
  if (moved.length === 0) return undefined;
  return () => moved.every(({ relid, vp }) => log.channels.get(Number(relid))?.vp === vp);
}

function isEvent({ op, path, data }: BootOp): boolean {
  return op === 'w' && path === 'host' && /^(signal|flag|kick) /.test(String(data));
}

function textsOf({ list }: BootOp): string[] {
  return Array.isArray(list) ? list.map(String) : [];
}

function isFollow(text: string): boolean {
  return text.startsWith('host follows ');
}
