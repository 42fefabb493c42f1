// A guest in a jest test: a CPU that channels interrupt cannot go offline until they have been moved, and no event of the
// host is lost meanwhile. The matchers of guests are those of irqlab/jest.
//
//   $ npm install && npm test
import { expect, test } from '@jest/globals';
import { Guest } from 'irqlab';
import 'irqlab/jest';

test('a CPU goes offline once its channels have been moved', () => {
  const vm = Guest.create({ cpus: 4, devices: [{ driver: 'netvsc', relid: 13, channels: 4 }] });
  expect(() => vm.cpu(3).offline()).toRefuse('EBUSY', 'channel 16');
  vm.channel(16).setCpu(0);
  vm.cpu(3).offline();
  vm.host.signal(16, 100);
  vm.run({ ms: 10 });
  expect(vm).toHaveChannelOn(16, 0);
  expect(vm).toHaveLostNoEvents();
});
