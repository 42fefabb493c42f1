import type { Ns } from '../../lib/brand.js';
import type { PlatformDefinition } from '../../platform/platform.js';
import type { Report } from '../place.js';
import type { CpuNumbers } from './cpu-numbers.js';
import type { LinesInUse } from './lines.js';
import type { PciInUse } from './pci.js';
import type { RelidsInUse } from './relids.js';

/** What a scenario must know of an architecture. */
export type PlatformFacts = Pick<PlatformDefinition, 'name' | 'rowLabels' | 'hasIoapic'>;

/** What the checks of how values of a scenario fit together go by. */
export interface Checks {
  readonly report: Report;
  readonly cpus: CpuNumbers;
  readonly relids: RelidsInUse;
  readonly lines: LinesInUse;
  readonly pci: PciInUse;
  /** The guest's architecture. */
  readonly platform: PlatformFacts;
  /** How long the scenario runs; undefined: until workload and timeline are over. */
  readonly runNs: Ns | undefined;
}
