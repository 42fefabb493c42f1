import { constants, openSync } from 'node:fs';
import { UsageError } from '../../command/usage-error.js';

const DEVICE = '/dev/fuse';

const hints: Readonly<Record<string, readonly [problem: string, hint: string]>> = {
  ENOENT: [
    'this machine has none',
    'Load the module with "modprobe fuse"; a container needs --device /dev/fuse.',
  ],
  ENODEV: ['the kernel has no FUSE', 'Load the module with "modprobe fuse".'],
  EACCES: [
    'you have no permission',
    'Have it readable and writable for all (chmod 666 /dev/fuse), as udev does.',
  ],
  EPERM: ['you have no permission', 'A container needs --device /dev/fuse.'],
};

/** Opens /dev/fuse: a descriptor to mount a filesystem with. @throws UsageError that says what is missing. */
export function openFuseDevice(): number {
  try {
    return openSync(DEVICE, constants.O_RDWR);
  } catch (error) {
    const { code = '', message } = error as NodeJS.ErrnoException;
    const [problem, hint] = hints[code] ?? [message, undefined];
    throw new UsageError(`cannot open ${DEVICE}: ${problem}`, hint);
  }
}
