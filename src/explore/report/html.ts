import { lanesUsed, rowsOf } from './cells.js';
import { conclusionOf } from './conclusion.js';
import type { Violation } from './report.js';

const style = `body { font: 15px/1.4 system-ui, sans-serif; margin: 2em }
table { border-collapse: collapse }
th, td { border: 1px solid #bbb; padding: .25em .6em; text-align: left; font-family: ui-monospace, monospace }
.decides { background: #ffe2cc; font-weight: 600 }`;

/** A violation as a page that needs nothing else: its trace as a table, the decisive steps marked. */
export function violationHtml(violation: Violation, model: string): string {
  const { trace, property, message, kind } = violation;
  const rows = rowsOf(trace);
  const lanes = lanesUsed(rows);
  const head = lanes.map((lane) => `<th>${text(trace.lanes[lane])}</th>`).join('');
  const body = rows.map(({ lane, cell, decisive }, at) => {
    const cells = lanes.map((column) => (column === lane ? text(cell) : ''));
    const filled = cells.map(
      (words) => `<td${decisive && words !== '' ? ' class="decides"' : ''}>${words}</td>`,
    );
    return `<tr><td>${at + 1}</td>${filled.join('')}</tr>`;
  });
  const what = kind === property ? message : `${property}: ${message}`;
  return [
    '<!doctype html>',
    `<html lang="en"><head><meta charset="utf-8"><title>${text(model)}</title>`,
    `<style>${style}</style></head><body>`,
    `<h1>${text(model)}</h1>`,
    `<p>${text(what)}</p>`,
    `<table><thead><tr><th>#</th>${head}</tr></thead><tbody>`,
    ...body,
    '</tbody></table>',
    `<p>${text(conclusionOf(violation))}</p>`,
    '</body></html>',
    '',
  ].join('\n');
}

function text(words: string): string {
  return words.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);
}
