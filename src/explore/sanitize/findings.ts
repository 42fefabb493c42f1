import { SharedObject } from '../../machine/step.js';
import { NO_ACCESS } from '../execution/access.js';
import type { Unannounced, UnannouncedAccess } from '../report/unannounced.js';
import type { Conflict, StepAccess } from './locations.js';
import { locationText } from './location-text.js';
import { siteOf } from './recorder.js';

/** A step of the present execution, and what it announced. */
export interface DoneStep {
  readonly lane: string;
  readonly context: string;
  readonly action: string;
  readonly isCommit: boolean;
  /** Its accesses, as the reduction knows them. */
  readonly codes: number[];
}

/** Puts conflicts into words, each pair of places once. */
export class Findings {
  private readonly found = new Map<string, Unannounced>();
  private readonly objects = new Map<number, SharedObject>();

  constructor(private readonly touched: () => Iterable<object>) {}

  all(): readonly Unannounced[] {
    return [...this.found.values()];
  }

  /** An object that steps announce. */
  name(object: SharedObject): void {
    this.objects.set(object.id, object);
  }

  /**
   * @param advice default: which of the steps must announce what.
   * @param isUnseen it is announced, but states are not told apart by it.
   */
  add(conflict: Conflict, first: DoneStep, second: DoneStep, advice?: string, isUnseen = false): void {
    const key = [conflict.first.site, conflict.second.site].sort().join(' ');
    if (this.found.has(key)) return;
    this.found.set(key, {
      location: locationText(conflict, this.touched()),
      first: this.access(conflict.first, first),
      second: this.access(conflict.second, second),
      advice: advice ?? adviceOn(conflict, first, second),
      ...(isUnseen && { isUnseen }),
    });
  }

  private access({ isWrite, site }: StepAccess, step: DoneStep): UnannouncedAccess {
    const { file, line, func } = siteOf(site);
    const { lane, context, action } = step;
    const announces = new Set(
      step.codes.filter((code) => code !== NO_ACCESS).map((code) => this.codeText(code)),
    );
    const kind = isWrite ? 'write' : 'read';
    return { kind, file, line, func, lane, context, step: action, announces: [...announces] };
  }

  private codeText(code: number): string {
    const name = this.objects.get(code >> 1)?.name ?? `object ${code >> 1}`;
    return `${(code & 1) === 0 ? 'read' : 'write'} ${name}`;
  }
}

function adviceOn({ object, first, second }: Conflict, one: DoneStep, two: DoneStep): string {
  const steps = [
    { step: one, isWrite: first.isWrite },
    { step: two, isWrite: second.isWrite },
  ];
  for (const word of wordsOf(object)) {
    const silent = steps.filter(({ step, isWrite }) => !covers(step, word, isWrite));
    if (silent.length !== 1) continue;
    const [{ step, isWrite }] = silent;
    const call = isWrite ? 'announce()' : 'announceRead()';
    return `"${word.name}" stands for it: "${step.action}" of ${step.context} must announce it (yield its step, or ${call})`;
  }
  const [word] = wordsOf(object);
  const by = word === undefined ? 'a word that stands for it' : `"${word.name}"`;
  return `both steps must announce ${by} (yield its step, or announce() and announceRead())`;
}

/** True if the step announces as much of `word` as it does. */
function covers({ codes }: DoneStep, { id }: SharedObject, isWrite: boolean): boolean {
  return codes.some((code) => code !== NO_ACCESS && code >> 1 === id && (!isWrite || (code & 1) === 1));
}

/** The shared objects that may stand for an object: itself, or words among its fields. */
function wordsOf(object: object): readonly SharedObject[] {
  if (object instanceof SharedObject) return [object];
  return Object.values(object).filter((value): value is SharedObject => value instanceof SharedObject);
}
