import type { CpuId, Relid } from '../../lib/brand.js';
import { HV_EVENT_FLAGS_COUNT } from '../../vmbus/synic.js';
import { cpu } from '../schema/notations.js';
import { int, mapping } from '../schema/shapes.js';
import type { HostActKind } from './host-act.js';

export interface Raise {
  readonly kind: 'raise';
  readonly relid: Relid;
  readonly cpu: CpuId;
}

export const raise: HostActKind<Raise> = {
  kind: 'raise',
  value: mapping('{relid: 77, cpu: 1}', { relid: int(0, HV_EVENT_FLAGS_COUNT - 1), cpu })
    .describe('Set the event flag of a relid on a CPU and interrupt that')
    .transform((keys): Raise => ({ kind: 'raise', ...keys })),
  perform: (host, act) => host.raise(act.relid, act.cpu),
};
