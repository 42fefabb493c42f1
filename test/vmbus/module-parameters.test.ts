import { describe, expect, test } from '@jest/globals';
import { hypervBehaviour } from '../../src/vmbus/kernel.js';
import {
  moduleParameters,
  ModuleParameters,
  type ParameterValue,
} from '../../src/vmbus/module-parameters.js';

const given = (module: string, name: string, value: ParameterValue): number =>
  new ModuleParameters(hypervBehaviour(), { [module]: { [name]: value } }).number(module, name);

describe('parameters of modules', () => {
  test.each([
    ['hv_netvsc', 'ring_size', 4094, 4095, '0 to 4094'],
    ['hv_storvsc', 'storvsc_ringbuffer_size', 4096, 4095, '4096 to 16769024'],
    ['hv_storvsc', 'storvsc_ringbuffer_size', 4094 * 4096, 4094 * 4096 + 1, '4096 to 16769024'],
    ['hv_storvsc', 'storvsc_vcpus_per_sub_channel', 1, 0, '1 to any'],
    ['hv_storvsc', 'ring_avail_percent_lowater', 0, -1, '0 to 99'],
    ['hv_storvsc', 'ring_avail_percent_lowater', 99, 100, '0 to 99'],
  ])('%s.%s: %i can be, %i cannot', (module, name, good, bad, range) => {
    expect(given(module, name, good)).toBe(good);
    expect(() => given(module, name, bad)).toThrow(`${module}.${name} is ${range}, not ${bad}`);
  });

  test('numbers without limits are what they are', () => {
    expect(given('hv_netvsc', 'debug', -7)).toBe(-7);
    expect(given('hv_balloon', 'pressure_report_delay', 4294967295)).toBe(4294967295);
  });

  test('what is no switch, no number, or not there', () => {
    expect(given('hv_balloon', 'hot_add', false)).toBe(0);
    expect(() => given('hv_balloon', 'hot_add', 1)).toThrow('hv_balloon.hot_add is no number');
    expect(() => given('hv_netvsc', 'debug', true)).toThrow('hv_netvsc.debug is no boolean');
    expect(() => given('hv_netvsc', 'nothing', 1)).toThrow(RangeError);
  });

  test('without values: those of the source, by their texts', () => {
    const parameters = new ModuleParameters(hypervBehaviour());
    const texts = Object.fromEntries(parameters.known.map((each) => [each.name, parameters.text(each)]));
    expect(texts).toMatchObject({
      ring_size: '128',
      debug: '-1',
      logging_level: '1',
      storvsc_ringbuffer_size: '131072',
      storvsc_max_hw_queues: '0',
      storvsc_vcpus_per_sub_channel: '4',
      ring_avail_percent_lowater: '10',
      hot_add: 'Y',
      pressure_report_delay: '45',
    });
  });

  // The permission bits of module_param in drivers/hv, hv_netvsc, storvsc_drv.c.
  test('which files root may write', () => {
    const writable = moduleParameters.filter(({ mode }) => mode === 0o644).map(({ name }) => name);
    expect(writable).toEqual([
      'logging_level',
      'storvsc_max_hw_queues',
      'timesync_implicit',
      'hot_add',
      'pressure_report_delay',
    ]);
  });
});
