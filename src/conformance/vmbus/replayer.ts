import { unknownKernel } from '../judge.js';
import { recordedKernel } from '../recorded.js';
import type { CaseResult, Replayer } from '../replayer.js';
import type { RecordedBoot } from './boot.js';
import { BootReplay } from './boot-replay.js';
import { Comparison } from './compare.js';
import { leftOutOf } from './left-out.js';

/** Replays what the real drivers/hv was seen to do, one case a boot. */
export const vmbusReplayer: Replayer = {
  file: '*-[kernel].jsonl of drivers/hv',
  replay(recorded: unknown): CaseResult {
    const boot = recorded as RecordedBoot;
    const { head } = boot;
    const id = `boot ${head.boot} of ${head.kernel}: ${head.case ?? head.set ?? head.seed ?? head.host ?? ''}`;
    const kernel = recordedKernel(head.kernel);
    if (kernel === undefined) return unknownKernel(id, head.kernel);
    const comparison = new Comparison();
    const leftOut: Record<string, number> = {};
    for (const { index, op, actual } of new BootReplay(boot, kernel).run()) {
      const reason = leftOutOf(op);
      if (reason !== undefined) {
        leftOut[reason] = (leftOut[reason] ?? 0) + 1;
        continue;
      }
      const found = comparison.compare(op, actual);
      if (found === undefined) continue;
      const what = `${op.op} ${String(op.path ?? '')} ${found.path}`;
      return { outcome: 'failed', id, op: index, expected: found.expected, actual: found.actual, what };
    }
    return { outcome: 'passed', leftOut };
  },
};
