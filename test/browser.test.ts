import { readFileSync } from 'node:fs';
import { createContext, runInContext } from 'node:vm';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { Guest } from '../src/index.js';
import { browserBundle } from './support/bundle.js';
import { irqlab } from './support/cli.js';

const file = 'examples/rfc-gen2-8vcpu.yaml';

let script: string;
beforeAll(async () => {
  const code = `export * from 'irqlab'; export { doorbell } from './examples/own-race/doorbell.js';`;
  script = await browserBundle(code, 'irqlab');
});

/** Runs code after the bundle where there is the language, and of all else only what is given. */
function inBrowser(code: string, given: object = {}): unknown {
  const context = createContext({ ...given });
  runInContext(script, context);
  return runInContext(code, context);
}

describe('the bundle for browsers', () => {
  test('boots the guest of the RFC, which shows what it shows under Node', async () => {
    const shown = inBrowser(
      `const guest = irqlab.Guest.ofScenario(irqlab.parseScenario(text, file));
       guest.run({ seconds: 10 });
       guest.procInterrupts();`,
      { text: readFileSync(file, 'utf8'), file },
    );
    expect(shown).toMatch(/^ +CPU0 .*\n/);
    const guest = Guest.load(file);
    guest.run({ seconds: 10 });
    expect(shown).toBe(guest.procInterrupts());
    expect(shown).toBe((await irqlab(['run', file])).out);
  });

  test('says what is wrong with a scenario, and where', () => {
    const message = inBrowser(
      "try { irqlab.parseScenario('cpus: 0', 'a.yaml') } catch (error) { error.name + ': ' + error.message }",
    );
    expect(message).toBe('ScenarioError: a.yaml:1:7: expected a whole number from 1 to 8192, not 0');
  });

  test('explores a race', () => {
    expect(inBrowser("irqlab.check(irqlab.doorbell('careless')).verdict")).toBe('found');
    expect(inBrowser("irqlab.check(irqlab.doorbell('barrier'), { memory: 'tso' }).verdict")).toBe('none');
  });
});

test('a module of Node is no part of a bundle for browsers', async () => {
  await expect(browserBundle(`export * from './src/index.js';`, 'irqlab')).rejects.toThrow('node:fs');
});
