import { describe, expect, test } from '@jest/globals';
import { check } from '../../../src/explore/explore.js';
import type { Model } from '../../../src/explore/model.js';
import { conclusionOf } from '../../../src/explore/report/conclusion.js';
import { violationHtml } from '../../../src/explore/report/html.js';
import { laneTable } from '../../../src/explore/report/lane-table.js';
import { violationMermaid } from '../../../src/explore/report/mermaid.js';
import type { Violation } from '../../../src/explore/report/report.js';
import { SharedWord } from '../../../src/machine/step.js';
import { counterModel, dekker, twoLocks } from '../litmus.js';

function found<S>(model: Model<S>): Violation {
  return check(model, { memory: 'tso' }).violations[0];
}

/** Nothing decides here: it breaks in every order. */
const always: Model<void> = {
  name: 'always',
  setup(world) {
    world.task(
      0,
      'P <1>',
      (function* () {
        yield new SharedWord('w').read;
        throw new Error('oops; #1 & more');
      })(),
    );
  },
};

const violations: Readonly<Record<string, Violation>> = {
  'a lost update': found(counterModel(false)),
  'store buffers': found(dekker(false)),
  'a deadlock': found(twoLocks(false)),
  'an error': found(always),
};

describe.each(Object.keys(violations))('%s', (name) => {
  const violation = violations[name];

  test('has a decisive step', () => {
    expect(violation.trace.steps.some(({ decisive }) => decisive)).toBe(true);
    expect(laneTable(violation.trace)).toContain(' <== decides');
  });

  test.each([40, 60, 80])('fits into %d columns, and nothing is lost', (width) => {
    const table = laneTable(violation.trace, { width });
    expect(Math.max(...table.split('\n').map((line) => line.length))).toBeLessThanOrEqual(width);
    const signs = (text: string): string => [...text.replace(/[\s-]/g, '')].sort().join('');
    expect(signs(table)).toBe(signs(laneTable(violation.trace)));
  });

  test('can be drawn', () => {
    const mermaid = violationMermaid(violation);
    expect(mermaid).toMatch(/^sequenceDiagram\n/);
    expect(mermaid.match(/rect rgb/g)).not.toBeNull();
    expect(mermaid.split('\n').every((line) => !/;./.test(line.replace(/#\d+;/g, '')))).toBe(true);
    const html = violationHtml(violation, 'a <model>');
    expect(html).toContain('<h1>a &#60;model&#62;</h1>');
    expect(html).toContain('class="decides"');
    expect(html.match(/<td/g)?.length).toBe((html.match(/<tr>/g)?.length ?? 0) * 3 - 3 - missing(html));
  });
});

/** Cells that a table of one lane has fewer than one of two. */
function missing(html: string): number {
  const lanes = (html.match(/<th>/g)?.length ?? 0) - 1;
  return lanes === 2 ? 0 : (html.match(/<tr>/g)?.length ?? 0) - 1;
}

test('a sentence says what went wrong', () => {
  expect(conclusionOf(violations['store buffers'])).toBe(
    "Step 4 decides (P1 on CPU 1: read flag0): with the 0 that it reads on the other side of another lane's write, all " +
      'would be well. When nothing can go on, it does not hold that at most one is inside.',
  );
  expect(conclusionOf(violations['a deadlock'])).toMatch(
    /^Step \d decides .*\. Nothing can go on then: P0 \(CPU 0\) waits/,
  );
  expect(conclusionOf(violations['an error'])).toBe(
    'Step 1 decides (P <1> on CPU 0: read w). The last step fails: oops; #1 & more.',
  );
});
