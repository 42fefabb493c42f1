import { closeSync, constants, fstatSync, openSync } from 'node:fs';
import { UsageError } from '../../command/usage-error.js';

const DEVICE = '/dev/fuse';
/** st_rdev of FUSE's device on Linux: misc, minor 229. */
const FUSE_RDEV = (10 << 8) | 229;

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
    return fuseDeviceAt(DEVICE);
  } catch (error) {
    if (error instanceof UsageError) throw error;
    const { code = '', message } = error as NodeJS.ErrnoException;
    const [problem, hint] = hints[code] ?? [message, undefined];
    throw new UsageError(`cannot open ${DEVICE}: ${problem}`, hint);
  }
}

/** Containers can mask a device by another one. @throws UsageError if it is not FUSE's. */
export function fuseDeviceAt(path: string): number {
  const fd = openSync(path, constants.O_RDWR);
  if (fstatSync(fd).rdev === FUSE_RDEV) return fd;
  closeSync(fd);
  throw new UsageError(
    `${path} is not FUSE's device: something else is in its place`,
    'A container needs --device /dev/fuse.',
  );
}
