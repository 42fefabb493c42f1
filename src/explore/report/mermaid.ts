import { lanesUsed, rowsOf } from './cells.js';
import { conclusionOf } from './conclusion.js';
import type { Violation } from './report.js';

/** A violation as a Mermaid sequence diagram: a participant for each lane, a note for each step. */
export function violationMermaid(violation: Violation): string {
  const { trace, property, message } = violation;
  const rows = rowsOf(trace);
  const used = lanesUsed(rows);
  const participants = used.map((lane) => `  participant L${lane} as ${text(trace.lanes[lane])}`);
  const notes = rows.map(({ lane, cell, decisive }, at) => {
    const note = `  Note over L${lane}: ${at + 1}. ${text(cell)}`;
    return decisive ? `  rect rgb(255, 226, 204)\n  ${note}\n  end` : note;
  });
  const title = `%% ${text(property)}: ${text(message)}`;
  const ends = [...new Set([used[0] ?? 0, used[used.length - 1] ?? 0])].map((lane) => `L${lane}`).join(',');
  const end = `  Note over ${ends}: ${text(conclusionOf(violation))}`;
  return `${['sequenceDiagram', title, ...participants, ...notes, end].join('\n')}\n`;
}

/** Mermaid ends a statement at a semicolon and takes `#` for the beginning of an entity. */
function text(words: string): string {
  return words.replace(/[#;<>\n]/g, (sign) => `#${sign.charCodeAt(0)};`);
}
