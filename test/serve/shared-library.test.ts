import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import * as inversify from 'inversify';
import * as zod from 'zod';
import * as browser from '../../src/browser.js';
import * as explore from '../../src/explore.js';
import * as stats from '../../src/guest/run-stats.js';
import * as lab from '../../src/lab.js';
import type { SharedModules } from '../../src/serve/plugin-modules.js';

// What plug-ins in the page may import, as `npm run build` has made it.

const library = new URL('../../dist/web-with-plugins/', import.meta.url);

(existsSync(library) ? describe : describe.skip)('the library for plug-ins in the page', () => {
  test.each([
    ['irqlab', browser],
    ['irqlab/browser', browser],
    ['irqlab/explore', explore],
    ['irqlab/lab', lab],
    ['irqlab/stats', stats],
    ['inversify', inversify],
    ['zod', zod],
  ])('has all that %s exports', (name, entry: object) => {
    const shared = JSON.parse(readFileSync(new URL('shared.json', library), 'utf8')) as SharedModules;
    const { address, exports } = shared[name];
    expect([...exports].sort()).toEqual(Object.keys(entry).sort());
    expect(existsSync(new URL(address, library))).toBe(true);
  });

  test('has the licences of what is in it', () => {
    const text = readFileSync(new URL('LICENCES.md', library), 'utf8');
    for (const name of ['inversify', 'reflect-metadata', 'yaml', 'zod'])
      expect(text).toContain(`## ${name} `);
  });
});
