import { describe, expect, test } from '@jest/globals';
import { parseScenario } from '../../src/scenario/load.js';

const guestOf = (text: string) => parseScenario(text, 'x.yaml').guest;

describe('kvm', () => {
  test('has devices with all that they do', () => {
    const { kvm, design } = guestOf(`
cpus: 2
design: {irqfdSource: own-id}
kvm:
  devices:
    - {name: uart, gsi: 10, every: 1ms, during: 1s}
    - {name: nic, gsi: 10, from: 1s, every: 2ms, during: 3s, wants: 4, reassign: 5ms}
`);
    expect(design).toEqual({ irqfdSource: 'own-id' });
    expect(kvm?.devices).toEqual([
      { name: 'uart', gsi: 10, everyNs: 1e6, duringNs: 1e9, fromNs: undefined, reassignNs: undefined },
      { name: 'nic', gsi: 10, fromNs: 1e9, everyNs: 2e6, duringNs: 3e9, wants: 4, reassignNs: 5e6 },
    ]);
  });

  test.each([
    [
      'kvm: {devices: [{name: a, gsi: 2, every: 1s, during: 1s}]}',
      '2:32: expected a whole number from 3 to 23',
    ],
    [
      'kvm: {devices: [{name: a, gsi: 24, every: 1s, during: 1s}]}',
      '2:32: expected a whole number from 3 to 23',
    ],
    ['kvm: {devices: [{name: a, gsi: 5, every: 0s, during: 1s}]}', '2:42: expected more than 0s'],
    ['kvm: {devices: [{name: a, gsi: 5, every: 1s, during: 0s}]}', '2:54: expected more than 0s'],
    [
      'kvm: {devices: [{name: a, gsi: 5, every: 1s, during: 1s, reassign: 0s}]}',
      '2:68: expected more than 0s',
    ],
    [
      'kvm: {devices: [{name: a, gsi: 5, every: 1s, during: 1s}, {name: a, gsi: 6, every: 1s, during: 1s}]}',
      '2:66: there is a device a already',
    ],
    [
      'interrupts: [{irq: 5, chip: x, flow: edge}]\nkvm: {devices: [{name: a, gsi: 5, every: 1s, during: 1s}]}',
      '3:32: "interrupts" has an interrupt 5 already',
    ],
    ['arch: arm64\nkvm: {devices: []}', '3:6: arm64 has no IO-APIC'],
    ['design: {irqfdSource: none}', '2:23: expected one of shared-id-under-lock'],
  ])('%j', (text, message) => {
    expect(() => guestOf(`cpus: 2\n${text}`)).toThrow(`x.yaml:${message}`);
  });
});
