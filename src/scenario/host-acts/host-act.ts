import type { z } from 'zod';
import type { ScenarioHost } from '../port.js';

/** One thing that a hostile host does at a moment: its key in a `host` step, with all that belongs to it. */
export interface HostActKind<Act extends { readonly kind: string }> {
  readonly kind: Act['kind'];
  /** What the key's value must be; it reads as the act. */
  readonly value: z.ZodType<Act>;
  /** Has the host do it. @throws RangeError for what it cannot do. */
  perform(host: ScenarioHost, act: Act): void;
}
