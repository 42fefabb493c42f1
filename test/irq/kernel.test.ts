import { describe, expect, test } from '@jest/globals';
import { kernelBehaviour, kernelVersions } from '../../src/irq/index.js';
import { Lab } from './lab.js';

describe('kernelBehaviour', () => {
  test('knows each version, and the default is that of 6.10', () => {
    for (const version of kernelVersions) expect(kernelBehaviour(version).procInterruptsForm).toBeDefined();
    expect(new Lab().core.behaviour).toBe(kernelBehaviour('6.10'));
  });

  test('refuses an unknown version by name', () => {
    expect(() => kernelBehaviour('2.4' as '6.1')).toThrow(
      'kernel 2.4 is not modelled; choose one of 6.1, 6.10',
    );
  });
});
