import type { RecordedCpus } from '../recorded.js';

/** Which machine a case was recorded on, and when. */
export interface CaseHead {
  readonly kernel: string;
  readonly config: string;
  readonly snapshot: string;
  readonly cpus: RecordedCpus;
  readonly nr_irqs: number;
}
