import { z } from 'zod';
import { type RingName, type RingPlace, ringNames, ringPlaceNames } from '../../host/misbehave/rings.js';
import type { Relid } from '../../lib/brand.js';
import { relid, u32 } from '../schema/notations.js';
import { int, mapping, word } from '../schema/shapes.js';
import type { HostActKind } from './host-act.js';

export interface Poke {
  readonly kind: 'poke';
  readonly relid: Relid;
  readonly ring: RingName;
  readonly at: RingPlace | number;
  readonly value: number;
}

/** A place in a ring. */
export const place = z.union([word(ringPlaceNames), int(0, 0xffffff)], {
  error: `one of ${ringPlaceNames.join(', ')}, or a byte of the ring's data`,
});

export const poke: HostActKind<Poke> = {
  kind: 'poke',
  value: mapping('{relid: 13, ring: toGuest, at: writeIndex, value: 99999}', {
    relid,
    ring: word(ringNames).describe("Which of the channel's rings"),
    at: place.describe("Word of the ring's header, or byte of its data"),
    value: u32,
  })
    .describe("Overwrite 32 bits of a channel's ring")
    .transform((keys): Poke => ({ kind: 'poke', ...keys })),
  perform: (host, act) => host.poke(act.relid, act.ring, act.at, act.value),
};
