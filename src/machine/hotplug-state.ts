import type { Cpu } from './cpu.js';
import type { Procedure } from './step.js';

/** Callbacks for CPUs that come and go (cpuhp_setup_state). They may sleep; throwing ErrnoError refuses. */
export interface HotplugState {
  readonly name: string;
  readonly place: number;
  /** The kernel's functions behind the callbacks, as tracepoints tell; without them none does. */
  readonly functions?: { readonly startup?: string; readonly teardown?: string };
  startup?(cpu: Cpu): Procedure<void>;
  teardown?(cpu: Cpu): Procedure<void>;
  /** The CPU is offline; there is no way back (a CPUHP_…_DEAD state, which another CPU runs). */
  dead?(cpu: Cpu): Procedure<void>;
}
