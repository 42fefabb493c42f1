import { exploreShard } from '../explore/explore.js';
import type { MemoryModel, Model } from '../explore/model.js';
import { SharedVar } from '../machine/shared-var.js';
import type { Filter } from './condition.js';
import { type LitmusTest, type Observation, registerNames } from './file.js';
import { LitmusWord, Thread } from './thread.js';

/** What a litmus test has come to. Plain data. */
export interface LitmusResult {
  readonly name: string;
  readonly memory: MemoryModel;
  readonly quantifier: 'exists' | '~exists' | 'forall';
  readonly condition: string;
  /** The final states, as herd writes them: `1:X0=0; x=1;`. */
  readonly states: readonly string[];
  /** How many states meet the condition, and how many do not. */
  readonly positive: number;
  readonly negative: number;
  readonly observation: Observation;
  /** What the quantifier asks for is so. */
  readonly isOk: boolean;
  /** False if the search was cut short: there may be more states. */
  readonly complete: boolean;
  /** Why, if it was. */
  readonly limits: readonly string[];
  /** What the file expects and does not come out, in words; undefined: nothing. */
  readonly difference?: string;
}

interface State {
  readonly words: readonly LitmusWord[];
  readonly threads: readonly Thread[];
}

/** The memory of the machine that a test is written for; for C, which has none, the weakest that there is here. */
export function memoryOf({ architecture }: LitmusTest): MemoryModel {
  return architecture === 'X86' ? 'tso' : 'arm64';
}

/** Executions of a test after which its search ends. */
const MOST_EXECUTIONS = 1_000_000;

/** Looks through all that a test can do. @param memory default: that of its architecture. */
export function runLitmus(test: LitmusTest, memory = memoryOf(test)): LitmusResult {
  const { name, condition, locations, filter } = test;
  const shown = [...new Set([...condition.places, ...locations])].sort(byPlace);
  const places = [...new Set([...shown, ...(filter?.places ?? [])])];
  const report = exploreShard(modelOf(test, memory, places), {
    memory,
    stopAtFirst: false,
    maxExecutions: MOST_EXECUTIONS,
  });
  const [violation] = report.violations;
  if (violation !== undefined) throw new Error(`${name}: ${violation.message}`);
  const outcomes = (report.outcomes ?? []).map(({ outcome }) => String(outcome));
  const counted = filter === undefined ? outcomes : outcomes.filter((state) => holdsIn(filter, state));
  const states = [...new Set(counted.map((state) => state.split(' ').slice(0, shown.length).join(' ')))];
  const positive = states.filter((state) => holdsIn(condition, state)).length;
  const negative = states.length - positive;
  const observation: Observation = positive === 0 ? 'Never' : negative === 0 ? 'Always' : 'Sometimes';
  const { quantifier, text } = condition;
  const isOk = { exists: positive > 0, '~exists': positive === 0, forall: negative === 0 }[quantifier];
  const { complete, limits } = report;
  const result = { name, memory, quantifier, condition: text, states, positive, negative, observation, isOk };
  const isExpected = test.architecture === 'C' || memory === memoryOf(test);
  const difference = isExpected ? differenceOf(test, observation, isOk) : undefined;
  return { ...result, complete, limits, ...(difference !== undefined && { difference }) };
}

const LEFT_OUT = '; what stores do before loads in front of them is not looked for (docs/explorer.md, arm64)';

/**
 * A plain `exists` is a question, unless the file says what comes out. What the kernel's memory model allows of C no
 * machine has to do.
 */
function differenceOf(
  { result, condition, architecture }: LitmusTest,
  observation: Observation,
  isOk: boolean,
): string | undefined {
  if (result === 'Sometimes' && architecture === 'C') return undefined;
  if (result !== undefined && result !== observation) {
    const mayBeLeftOut = architecture === 'AArch64' && observation === 'Never';
    return `the file says ${result}${mayBeLeftOut ? LEFT_OUT : ''}`;
  }
  if (result !== undefined) return undefined;
  return isOk || condition.quantifier === 'exists' ? undefined : `the file says ${condition.quantifier}`;
}

/** Registers first, by thread. */
function byPlace(a: string, b: string): number {
  const [threadA, threadB] = [a, b].map((place) => (place.includes(':') ? 0 : 1));
  return threadA - threadB || (a < b ? -1 : 1);
}

function modelOf(test: LitmusTest, memory: MemoryModel, places: readonly string[]): Model<State> {
  const { name, names, words: values, registers, programs } = test;
  return {
    name,
    setup(world): State {
      const words = names.names.map((word) => new LitmusWord(word, values.get(word) ?? 0));
      const threads = programs.map((program, cpu) => {
        const lost = Array.from({ length: program.storeExclusives }, (_, number) => {
          const is = new SharedVar(`reservation ${number} of P${cpu}`, false);
          world.task(is.name, is.name, is.exchangeSteps(true));
          return is;
        });
        const thread = new Thread(words, memory, lost);
        for (const [register, number] of registers[cpu]) thread.set(register, { number, view: 0 });
        world.task(cpu, `P${cpu}`, program.run(thread));
        return thread;
      });
      return { words, threads };
    },
    outcome: (state) => places.map((place) => `${place}=${valueAt(test, state, place)};`).join(' '),
  };
}

function valueAt({ architecture, names }: LitmusTest, { words, threads }: State, place: string): string {
  const [, thread, register] = /^(\d+):(.+)$/.exec(place) ?? [];
  if (thread === undefined) return names.text(words[names.names.indexOf(place)].value);
  return names.text(threads[Number(thread)].get(registerNames[architecture](register)).number);
}

function holdsIn({ holds }: Filter, state: string): boolean {
  const values = new Map(state.split(' ').map((entry) => entry.slice(0, -1).split('=') as [string, string]));
  return holds((place, value) => {
    const known = values.get(place);
    return known === value || (/^-?(0x)?[\da-f]+$/i.test(value) && Number(known) === Number(value));
  });
}
