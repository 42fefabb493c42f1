import type { Attacked } from './attack.js';
import type { Part } from './trial.js';

/** A trial that has not come back yet, of a part that none has come back of, is taken for so long. */
const FIRST_MS = 1000;

/** What one part has come to. */
export class Account {
  findings = 0;
  obstacle: string | undefined;
  private begun = 0;
  private ended = 0;
  private spentMs = 0;
  private actions = 0;
  /** In how many trials each situation was reached. */
  private readonly reached = new Map<string, number>();

  constructor(readonly part: Part) {}

  /** The time that the part has had, and that its trials on the way will have. */
  get dueMs(): number {
    const eachMs = this.ended === 0 ? FIRST_MS : this.spentMs / this.ended;
    return this.spentMs + (this.begun - this.ended) * eachMs;
  }

  /** The number of the next trial. */
  begin(): number {
    return this.begun++;
  }

  end(attacked: Attacked): void {
    if ('obstacle' in attacked) {
      this.obstacle = attacked.obstacle;
      return;
    }
    this.ended += 1;
    this.spentMs += attacked.spentMs;
    this.actions += attacked.actions;
    for (const what of attacked.reached) this.reached.set(what, (this.reached.get(what) ?? 0) + 1);
    if (attacked.finding !== undefined) this.findings += 1;
  }

  summary(): string {
    const { part, obstacle, spentMs, ended, actions, findings, reached } = this;
    if (obstacle !== undefined && ended === 0) return `${part.name}: skipped, ${obstacle}`;
    const seconds = (spentMs / 1000).toFixed(0);
    const head = `${part.name}: ${ended} trials, ${actions} actions, ${findings} findings in ${seconds} s`;
    const lines = [...reached]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([what, times]) => `${what} ${times}`);
    return lines.length === 0 ? head : `${head}\n  reached: ${lines.join(', ')}`;
  }
}
