import type { RecordedLine } from '../../view/recorded-layer.js';
import type { CaseHead } from './case-head.js';
import type { Entry } from './entry.js';

/** The directories of one line: /proc/irq/N and /sys/kernel/irq/N. */
export interface IrqCase extends CaseHead {
  readonly kind: 'irq';
  readonly irq: number;
  readonly proc: Entry | null;
  readonly sys: Entry | null;
  readonly desc: Omit<RecordedLine, 'irq' | 'counts'> & { readonly kstat: readonly number[] };
}
