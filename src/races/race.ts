import type { MemoryModel, Model } from '../explore/model.js';
import type { Strategy } from '../explore/options.js';
import { type Token, token } from '../lib/token.js';

/** Whether a search must find a race in a variant. */
export type RaceVerdict = 'found' | 'none';

/** One way of building what a race is about, and what the explorer must say of it. */
export interface RaceVariant {
  readonly name: string;
  /** What is special about it, in a line. */
  readonly summary: string;
  readonly expected: RaceVerdict;
  /** The memory model that the verdict is about. */
  readonly memory: MemoryModel;
  /** What must come out under the other of `sc` and `tso`, where that tells something. */
  readonly expectedOther?: RaceVerdict;
  /** What must come out under arm64's memory, where that tells something and takes seconds. */
  readonly expectedArm64?: RaceVerdict;
  /** Part of the message of the violation that is expected: another one is a difference, too. */
  readonly message?: string;
  /** How it is searched unless the user says otherwise: to the end, or up to a bound that takes seconds. */
  readonly strategy: Strategy;
  /** How many executions the look for a minimal interleaving may take; default: the explorer's. */
  readonly minimiseExecutions?: number;
  model(): Model<unknown>;
}

/** A race that mail threads argue about. */
export interface Race {
  readonly id: string;
  /** Where it comes from. */
  readonly source: string;
  /** What must hold. */
  readonly property: string;
  readonly variants: readonly RaceVariant[];
  /** Further findings, where a verdict is not all there is to say. */
  findings?(): readonly string[];
}

/** Plug-in point: races of `irqlab explore`. Bind any number. */
export const RACE: Token<Race> = token('Race');

/** What `defineRace` makes a variant of. */
export interface VariantOptions<S> extends Partial<Omit<RaceVariant, 'name' | 'expected' | 'model'>> {
  readonly model: () => Omit<Model<S>, 'name'>;
}

/**
 * A model whatever its state is: only the model itself looks into it, so all can be handled alike. For a race itself,
 * where its variants are models of different things.
 */
export function anyState<S>(model: Omit<Model<S>, 'name'>): Omit<Model<unknown>, 'name'> {
  return model as unknown as Omit<Model<unknown>, 'name'>;
}

/** What `defineRace` makes a race of. */
export interface RaceOptions<S> extends Omit<Race, 'variants'> {
  /** By name. */
  readonly variants: Readonly<Record<string, VariantOptions<S> & { readonly expected: RaceVerdict }>>;
}

/** Completes what a race's file says: sequentially consistent memory and a search to the end, unless it says otherwise. */
export function defineRace<S>({ variants, ...race }: RaceOptions<S>): Race {
  return {
    ...race,
    variants: Object.entries(variants).map(([name, { model, ...variant }]) => ({
      name,
      summary: '',
      memory: 'sc',
      strategy: { kind: 'dpor' },
      ...variant,
      model: () => ({ ...anyState(model()), name: modelName(race.id, name) }),
    })),
  };
}

/** The name of a variant's model, by which replays find it. */
export function modelName(race: string, variant: string): string {
  return `${race}/${variant}`;
}
