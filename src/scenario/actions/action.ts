import { z } from 'zod';
import { type Token, token } from '../../lib/token.js';
import type { Checks } from '../checks/checks.js';
import type { Path } from '../place.js';
import type { ScenarioGuest } from '../port.js';
import { type Answer, done } from './answer.js';
import { anErrno, type Expects } from './expects.js';

/** What a step does, as data: the action's name, or what it turned out to be, and the values. */
export interface Action {
  readonly kind: string;
}

/** An action with the values that a step gives it, ready to be done. */
export interface PlannedAction {
  /** Its key in the step. */
  readonly name: string;
  readonly action: Action;
  /** The action in words, as in a scenario file. */
  describe(): string;
  /** Does it. @throws what the guest throws; answerOf knows what that means. */
  perform(guest: ScenarioGuest): Answer;
  /** It asks for what became of signals, which is counted for who asks only. */
  readonly needsStats: boolean;
  /** `perform` ends with the only call of the guest that may take time. */
  readonly endsWithCall: boolean;
  /** Checks how the values fit to the rest of the scenario. `at`: path of the action's key. */
  check(at: Path, checks: Checks): void;
}

/** One thing that a step of the timeline can do: its key in a step, with all that belongs to it. */
export interface ScenarioAction {
  /** Its key in a step. */
  readonly name: string;
  /** What the key's value must be. */
  readonly value: z.ZodType;
  /** Keys that go with this one in a step. */
  readonly companions: z.ZodRawShape;
  /** What is missing where one of these companions is. */
  readonly needs: Readonly<Record<string, string>>;
  /** What may be expected of it. */
  readonly expects: Expects;
  /** The action with values that its schemas have accepted. */
  plan(value: unknown, companions: Readonly<Record<string, unknown>>): PlannedAction;
}

/** Plug-in point: actions of a scenario's timeline. Bind any number of what `defineAction` makes. */
export const SCENARIO_ACTION: Token<ScenarioAction> = token('ScenarioAction');

/** What `defineAction` makes an action of. */
export interface ActionDefinition<
  Value extends z.ZodType,
  Companions extends z.ZodRawShape,
  Fields extends object,
> {
  /** Its key in a step. */
  readonly name: string;
  /** What the key's value must be. Its `describe` is what editors show. */
  readonly value: Value;
  /** Keys that go with this one in a step; all of them `optional()`. */
  readonly companions?: Companions;
  /** What is missing where one of these companions is, as in "expected what to write". */
  readonly needs?: { readonly [Key in keyof Companions]?: string };
  /** Default: success or an errno. */
  readonly expects?: Expects;
  /** It asks for `guest.stats`, which is there only if a step of the timeline does. Default false. */
  readonly needsStats?: boolean;
  /**
   * `perform` ends with the only call of the guest that may take time, and answers nothing then: while the guest waits, a
   * live one serves its files. Default false: a live guest does it all at once.
   */
  readonly endsWithCall?: boolean;
  /** The action as data. `kind` is its name unless there is another one among the fields. */
  fields(value: z.output<Value>, companions: z.output<z.ZodObject<Companions>>): Fields;
  /** The action in words, as in a scenario file. */
  describe(action: Fields): string;
  /**
   * Does it. The default answer is that it is done. An ErrnoError is what the guest refused; a RangeError says that
   * the action makes no sense for the guest.
   */
  perform(guest: ScenarioGuest, action: Fields): Answer | undefined;
  /** Checks how the values fit to the rest of the scenario. `at`: path of the action's key. */
  check?(action: Fields, at: Path, checks: Checks): void;
}

/** An action of the timeline, made of all that belongs to it. */
export function defineAction<
  Value extends z.ZodType,
  Fields extends object,
  Companions extends z.ZodRawShape = Record<never, never>,
>(definition: ActionDefinition<Value, Companions, Fields>): ScenarioAction {
  const { name, value, expects = anErrno, needsStats = false, endsWithCall = false } = definition;
  return {
    name,
    value,
    companions: definition.companions ?? {},
    needs: (definition.needs ?? {}) as Readonly<Record<string, string>>,
    expects,
    plan(given, companions) {
      // The step's schema, which is made of these same schemas, has read both.
      const fields = definition.fields(
        given as z.output<Value>,
        companions as z.output<z.ZodObject<Companions>>,
      );
      return {
        name,
        action: { kind: name, ...fields },
        needsStats,
        endsWithCall,
        describe: () => definition.describe(fields),
        perform: (guest) => definition.perform(guest, fields) ?? done,
        check: (at, checks) => definition.check?.(fields, at, checks),
      };
    },
  };
}
