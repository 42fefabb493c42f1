import { ErrnoError } from '../../lib/errno.js';
import { StaticDirectory, sysfsFile } from '../tree-node.js';

/**
 * A device's power directory (drivers/base/power/sysfs.c), of one that knows no runtime power management: it is on all the
 * time, and nobody counts for how long.
 */
export function powerDirectory(device: { powerControl: 'auto' | 'on' }): StaticDirectory {
  const show = (text: string) => sysfsFile(0o444, { show: () => `${text}\n` });
  return new StaticDirectory(0o755, {
    autosuspend_delay_ms: sysfsFile(0o644, { show: noAutosuspend, store: noAutosuspend }),
    control: sysfsFile(0o644, {
      show: () => `${device.powerControl}\n`,
      store: (text) => {
        const word = text.replace(/\n$/, '');
        if (word !== 'auto' && word !== 'on')
          throw new ErrnoError('EINVAL', `power/control is auto or on, not ${JSON.stringify(text)}`);
        device.powerControl = word;
      },
    }),
    runtime_active_time: show('0'),
    runtime_status: show('unsupported'),
    runtime_suspended_time: show('0'),
  });
}

function noAutosuspend(): never {
  throw new ErrnoError('EIO', 'the device has no autosuspend');
}
