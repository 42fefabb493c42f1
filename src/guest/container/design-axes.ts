import { IRQFD_SOURCE } from '../../kvm/resampler-lifetime.js';
import type { Token } from '../../lib/token.js';
import type { DesignAxis } from '../../vmbus/variants/design.js';
import {
  CHANNEL_LIFETIME,
  FLOW_CONTROL,
  MODIFY_CHANNEL,
  FREE_CPUS,
  NETVSC_NAMES,
  OFFER_FILTER,
  OFFLINE_GUARD,
  OFFLINE_POLICY,
  OPEN_ORDER,
  RELID_MAP,
  RING_ORDER,
  TOP_LEVEL,
} from '../../vmbus/variants/design-parts.js';

/** The token of each axis of the design. */
const axisTokens = {
  relidMap: RELID_MAP,
  topLevel: TOP_LEVEL,
  lifetime: CHANNEL_LIFETIME,
  modifyChannel: MODIFY_CHANNEL,
  offlineGuard: OFFLINE_GUARD,
  freeCpus: FREE_CPUS,
  offerFilter: OFFER_FILTER,
  offlinePolicy: OFFLINE_POLICY,
  ringOrder: RING_ORDER,
  flowControl: FLOW_CONTROL,
  openOrder: OPEN_ORDER,
  netvscNames: NETVSC_NAMES,
  irqfdSource: IRQFD_SOURCE,
} as const satisfies Readonly<Record<DesignAxis, Token<unknown>>>;

export const designAxes = Object.keys(axisTokens) as readonly DesignAxis[];

/** What a choice on an axis is. */
export type DesignChoice<Axis extends DesignAxis> = InstanceType<(typeof axisTokens)[Axis]>;

/** The token of an axis, and what it is called in a plug-in's source. */
export function axisToken<Axis extends DesignAxis>(axis: Axis): Token<DesignChoice<Axis>> {
  return axisTokens[axis] as Token<DesignChoice<Axis>>;
}
