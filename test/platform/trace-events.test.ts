import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from '@jest/globals';
import { kernelBehaviour } from '../../src/irq/kernel.js';
import { kernelTraceEvents } from '../../src/platform/trace-events.js';

/** Format files of a kernel, by "GROUP/NAME" (test/golden-trace). */
function recorded(kernel: string): Map<string, string> {
  const file = new URL(`../golden-trace/tracefs-${kernel}.jsonl.gz`, import.meta.url);
  const lines = gunzipSync(readFileSync(file)).toString().trim().split('\n');
  return new Map(
    lines.flatMap((line) => {
      const { op, path = '', text } = JSON.parse(line) as { op: string; path?: string; text?: string };
      const [, name] = /^events\/(.*)\/format$/.exec(path) ?? [];
      return op === 'r' && name !== undefined && text !== undefined ? [[name, text] as const] : [];
    }),
  );
}

describe.each(['6.1', '6.12', '7.2'] as const)('the events of kernel %s', (kernel) => {
  const behaviour = kernelBehaviour(kernel);
  const formats = recorded(kernel);

  test('on x86: all that were recorded, with their fields and texts', () => {
    const events = new Map(
      kernelTraceEvents('x86', behaviour).map((event) => [`${event.system}/${event.name}`, event]),
    );
    let compared = 0;
    for (const [name, text] of formats) {
      if (!/^(irq|cpuhp|workqueue|irq_matrix|irq_vectors)\//.test(name)) continue;
      const id = Number(/^ID: (\d+)$/m.exec(text)?.[1]);
      expect(events.get(name)?.format(id, behaviour)).toBe(text);
      compared += 1;
    }
    expect(compared).toBeGreaterThan(40);
  });

  test('on arm64: those of no vectors', () => {
    const groups = (arch: 'x86' | 'arm64') => [
      ...new Set(kernelTraceEvents(arch, behaviour).map(({ system }) => system)),
    ];
    expect(groups('arm64')).toEqual(['cpuhp', 'irq', 'workqueue']);
    expect(groups('x86')).toEqual(['irq_vectors', 'cpuhp', 'irq', 'workqueue', 'irq_matrix']);
  });
});
