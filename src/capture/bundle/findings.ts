import type { JsonHead } from '../../command/json.js';

/** Something that was found in a recording, or not. */
export interface Finding {
  /** What it is: `4 CPUs`, `NUMA nodes`. */
  readonly what: string;
  /** The file of the machine that says so, or why it is a guess or of no use. */
  readonly from: string;
}

/** What was made of a recording. */
export interface Findings {
  readonly took: readonly Finding[];
  readonly guessed: readonly Finding[];
  readonly unused: readonly Finding[];
}

/** What `irqlab import --json` prints. */
export interface ImportJson extends JsonHead<'import'>, Findings {
  /** The text of the scenario; missing with --output. */
  readonly scenario?: string;
}

/** Collects what was made of a recording. */
export class FindingList implements Findings {
  readonly took: Finding[] = [];
  readonly guessed: Finding[] = [];
  readonly unused: Finding[] = [];

  take(what: string, from: string): void {
    this.took.push({ what, from });
  }

  guess(what: string, from: string): void {
    this.guessed.push({ what, from });
  }

  leave(what: string, from: string): void {
    this.unused.push({ what, from });
  }
}

/** A table for people. */
export function findingsText({ took, guessed, unused }: Findings): string {
  const all = [...took, ...guessed, ...unused];
  const width = Math.min(48, Math.max(...all.map(({ what }) => what.length)));
  const part = (title: string, findings: readonly Finding[]): string =>
    findings.length === 0
      ? ''
      : `${title}\n${findings.map(({ what, from }) => `  ${what.padEnd(width)}  ${from}\n`).join('')}`;
  return part('taken', took) + part('guessed', guessed) + part('not used', unused);
}
