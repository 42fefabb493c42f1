import type { Relid } from '../../lib/brand.js';
import { relid } from '../schema/notations.js';
import type { HostActKind } from './host-act.js';

export interface StopDraining {
  readonly kind: 'stopDraining';
  readonly relid: Relid;
}

export const stopDraining: HostActKind<StopDraining> = {
  kind: 'stopDraining',
  value: relid
    .describe("From now on the host takes nothing out of this channel's ring from the guest")
    .transform((number): StopDraining => ({ kind: 'stopDraining', relid: number })),
  perform: (host, act) => host.drain(act.relid, false),
};

export interface Drain {
  readonly kind: 'drain';
  readonly relid: Relid;
}

export const drain: HostActKind<Drain> = {
  kind: 'drain',
  value: relid
    .describe("The host reads this channel's ring again")
    .transform((number): Drain => ({ kind: 'drain', relid: number })),
  perform: (host, act) => host.drain(act.relid, true),
};
