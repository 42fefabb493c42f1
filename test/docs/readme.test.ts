import { describe, expect, test } from '@jest/globals';
import { Guest } from 'irqlab';
import { irqlab } from '../support/cli.js';
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
      /```\n( +CPU0[^`]*)```/
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

  test('is a timeline whose expectations hold', async () => {
    const timeline = /```yaml\n(timeline:[^`]+)```/.exec(readme)?.[1] ?? '';
    expect(timeline).toContain('expect: EOVERFLOW');
    const ran = await irqlab(['run', '-'], readPage('examples/rfc-gen2-8vcpu.yaml') + timeline);
    expect(ran).toMatchObject({ status: 0, err: '' });
  });

  test('is a test that passes', () => {
    const vm = Guest.create({
      cpus: 4,
      devices: [{ driver: 'netvsc', relid: 13, channels: 4, subChannels: [16, 17, 18] }],
    });
    expect(() => vm.cpu(3).offline()).toThrow(/EBUSY: CPU 3 is the target of channel 18/);
    vm.channel(18).setCpu(0);
    vm.cpu(3).offline();
    expect(vm.fs.readFile('/sys/devices/system/cpu/online')).toBe('0-2\n');
  });
});
