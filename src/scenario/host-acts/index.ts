import { z } from 'zod';
import type { ScenarioHost } from '../port.js';
import { keysIn, mapping, whenMapping } from '../schema/shapes.js';
import type { HostActKind } from './host-act.js';
import { type Behave, behave, type Misbehave, misbehave } from './misbehave.js';
import { type Poke, poke } from './poke.js';
import { type Drain, drain, type StopDraining, stopDraining } from './drain.js';
import { type Raise, raise } from './raise.js';
import { type Send, send } from './send.js';

/** What a hostile host does at a moment. */
export type HostAct = Misbehave | Behave | Send | Raise | Poke | StopDraining | Drain;

/** All acts, in the order in which they are listed to the user. */
const kinds: { readonly [Kind in HostAct['kind']]: HostActKind<Extract<HostAct, { kind: Kind }>> } = {
  misbehave,
  behave,
  send,
  raise,
  poke,
  stopDraining,
  drain,
};

type ActName = keyof typeof kinds;
const actNames = Object.keys(kinds) as ActName[];

const actKeys = mapping('an act of the host, e.g. {raise: {relid: 77, cpu: 1}}', {
  misbehave: misbehave.value.optional(),
  behave: behave.value.optional(),
  send: send.value.optional(),
  raise: raise.value.optional(),
  poke: poke.value.optional(),
  stopDraining: stopDraining.value.optional(),
  drain: drain.value.optional(),
});

/** One act, by its key. */
export const hostAct = actKeys
  .superRefine((value, context) => {
    if (keysIn(value, actNames).length === 1) return;
    context.addIssue({ code: 'custom', message: `the host does one of ${actNames.join(', ')} in a step` });
  }, whenMapping)
  .transform(
    (value): HostAct => actNames.map((name) => value[name]).find((act) => act !== undefined) ?? z.NEVER,
  )
  .meta({ oneOf: actNames.map((name) => ({ required: [name] })) });

/** Has the host do it. @throws RangeError for what it cannot do. */
export function performHostAct(host: ScenarioHost, act: HostAct): void {
  const kind = kinds[act.kind] as HostActKind<HostAct>;
  kind.perform(host, act);
}
