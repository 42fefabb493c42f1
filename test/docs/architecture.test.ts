import { createRequire } from 'node:module';
import { describe, expect, test } from '@jest/globals';
import { flowchart, matrix } from '../../tools/architecture/pictures.js';
import { firstCells, readPage } from './pages.js';

const page = readPage('docs/architecture.md');
const { forbidden } = createRequire(import.meta.url)('../../.dependency-cruiser.cjs') as {
  readonly forbidden: readonly { readonly name: string }[];
};

/** What the names of rules say that match, each once. */
function inRules(pattern: RegExp): string[] {
  return [...new Set(forbidden.flatMap(({ name }) => pattern.exec(name)?.[1] ?? []))];
}

describe('docs/architecture.md', () => {
  test('has the rooms in the order that npm run layers checks', () => {
    expect(firstCells(page, 'folder | what is there | must not know')).toEqual(inRules(/^layer-(.+)$/));
  });

  test('has every room with floors', () => {
    expect(firstCells(page, 'folder | its floors, the lowest first').sort()).toEqual(
      inRules(/^floor-([a-z]+)-/).sort(),
    );
  });
});

describe('pictures of the imports', () => {
  const rooms = ['lib', 'machine', 'irq'];

  test('leave out arrows that follow from others', () => {
    const imports = new Map([
      ['machine', ['lib']],
      ['irq', ['lib', 'machine']],
    ]);
    expect(flowchart(rooms, imports)).toBe('flowchart BT\n  machine --> lib\n  irq --> machine');
    expect(matrix(rooms, imports)).toBe('lib      \\ . .\nmachine  x \\ .\nirq      x x \\');
  });

  test('refuse a room that imports itself by way of others', () => {
    const imports = new Map([
      ['lib', ['irq']],
      ['machine', ['lib']],
      ['irq', ['machine']],
    ]);
    expect(() => flowchart(rooms, imports)).toThrow('lib imports itself by way of others');
  });
});
