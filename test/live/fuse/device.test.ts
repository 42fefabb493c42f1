import { expect, test } from '@jest/globals';
import { fuseDeviceAt } from '../../../src/live/fuse/device.js';

test('another device in the place of /dev/fuse is told by that', () => {
  expect(() => fuseDeviceAt('/dev/null')).toThrow("/dev/null is not FUSE's device");
});
