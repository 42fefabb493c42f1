import { describe, expect, test } from '@jest/globals';
import { Guest } from 'irqlab';
import { readPage } from './pages.js';

const readme = readPage('README.md');

describe('what README shows', () => {
  test('is what the RFC guest prints', () => {
    const vm = Guest.load('examples/rfc-gen2-8vcpu.yaml');
    vm.run({ seconds: 10 });
    const printed = new Set(
      vm
        .procInterrupts()
        .split('\n')
        .map((line) => line.trimEnd()),
    );
    const shown =
      /```text\n( +CPU0[^`]*)```/
        .exec(readme)?.[1]
        .split('\n')
        .filter((line) => /^[ A-Z\d]+:|CPU0/.test(line)) ?? [];
    expect(shown.length).toBeGreaterThan(10);
    for (const line of shown) expect(printed).toContain(line);
  });

  test('is what affinity and offlining do', () => {
    const vm = Guest.load('examples/rfc-gen2-8vcpu.yaml');
    vm.irq(39).setAffinity('0-1');
    vm.fs.writeFile('/proc/irq/39/smp_affinity', '2');
    vm.channel(19).setCpu(1);
    expect(vm.irq(39).effectiveAffinity).toBe('1');
    expect(() => vm.cpu(3).offline()).toThrow(
      'EBUSY: CPU 3 is the target of channels 24 (IRQ 44, sub@storvsc0), 16 (IRQ 36, netvsc); move them first',
    );
  });
});
