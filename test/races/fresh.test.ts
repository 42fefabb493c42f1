import { expect, test } from '@jest/globals';
import { lowest } from '../../src/explore/execution/context-set.js';
import { Execution } from '../../src/explore/execution/execution.js';
import { races } from '../../src/races/index.js';

const models = races.flatMap(({ variants }) =>
  variants.map(({ model, memory }) => [model(), memory] as const),
);

function partsOf(object: object): readonly unknown[] {
  if (ArrayBuffer.isView(object))
    return [...new Uint8Array(object.buffer, object.byteOffset, object.byteLength)];
  return object instanceof Map || object instanceof Set ? [...object].flat() : Object.entries(object).flat();
}

/** What can be reached of a state by fields, elements and entries, each object once. */
function everything(state: unknown): readonly string[] {
  const places = new Map<object, number>([[Object(state), 0]]);
  const lines: string[] = [];
  const text = (value: unknown): string => {
    if (typeof value === 'function') return 'function';
    if (typeof value !== 'object' || value === null) return String(value);
    if (!places.has(value)) places.set(value, places.size);
    return `#${places.get(value)}`;
  };
  // Those that are met on the way are looked at, too.
  for (const [object, place] of places) {
    lines.push(`#${place} ${object.constructor?.name}: ${partsOf(object).map(text).join(' ')}`);
  }
  return lines;
}

function runOne(execution: Execution<unknown>): void {
  execution.begin();
  for (let steps = 0; steps < 500; steps++) {
    const enabled = execution.enabled();
    if (enabled === 0) return;
    execution.perform(lowest(enabled));
  }
}

test.each(models.map(([model, memory]) => [model.name, model, memory] as const))(
  'nothing of an execution of %s is left in the next one',
  (_name, model, memory) => {
    const execution = new Execution<unknown>(model, memory);
    const close = execution.open();
    try {
      // What is made on first use, and the same for all, is there after the first.
      runOne(execution);
      const first = everything(execution.begin());
      runOne(execution);
      expect(everything(execution.begin())).toEqual(first);
    } finally {
      close();
    }
  },
);
