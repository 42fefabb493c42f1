import { ErrnoError } from '../../lib/errno.js';

const actions = ['add', 'remove', 'change', 'move', 'online', 'offline', 'bind', 'unbind'];

/**
 * A write to an `uevent` file: has the kernel announce the device once more, which nobody hears in the model
 * (lib/kobject_uevent.c kobject_synth_uevent). Arguments behind the action are not looked at.
 *
 * @throws ErrnoError EINVAL for what is no action.
 */
export function storeUevent(text: string): void {
  const action = text.replace(/\n$/, '').split(' ', 1)[0];
  if (!actions.includes(action))
    throw new ErrnoError('EINVAL', `"${action}" is none of ${actions.join(', ')}`);
}
