import { existsSync } from 'node:fs';
import type { Stdio } from '../command/stdio.js';
import { type LiveOptions, LiveService } from './service.js';
import { runInUserNamespace, runOverlaid } from './shell/enter.js';
import { namespaceRights } from './shell/namespace.js';

/** Where the guest's files replace this machine's, as far as the guest has them. */
const guestPaths = [
  '/dev/kmsg',
  '/proc/interrupts',
  '/proc/irq',
  '/proc/stat',
  '/proc/softirqs',
  '/proc/cpuinfo',
  '/proc/kallsyms',
  '/proc/sys/kernel/ftrace_enabled',
  '/proc/sys/kernel/kptr_restrict',
  '/sys/devices/system/cpu',
  '/sys/devices/system/node',
  '/sys/devices/LNXSYSTM:00/LNXSYBUS:00/ACPI0004:00/VMBUS:00',
  '/sys/bus/vmbus',
  '/sys/bus/pci',
  '/sys/devices/pci0000:00',
  '/sys/class/net',
  '/sys/class/nvme',
  '/sys/class/scsi_host',
  '/sys/class/uio',
  '/sys/kernel/irq',
  '/sys/kernel/tracing',
] as const;

export interface ShellOptions extends LiveOptions {
  /** The command has a PID and a user namespace of its own as well. */
  readonly isolate?: boolean;
}

/** Entries can be added to directories of sysfs, by putting them together again, but not to those of procfs and /dev. */
function canReplace(path: string): boolean {
  return path.startsWith('/sys/') || existsSync(path);
}

/**
 * `irqlab shell`: a command in a mount namespace of its own, in which some files of /proc and /sys are the guest's.
 * This process answers for them and stays outside, or it would wait for itself when it reads one of them.
 *
 * @returns the command's exit status.
 */
export async function runShell(
  file: string,
  command: readonly string[],
  options: ShellOptions,
  stdio: Stdio,
): Promise<number> {
  if (namespaceRights() === 'user') return runInUserNamespace();
  const service = await LiveService.open(file, options, stdio);
  try {
    const { guest, fd, session, processes } = service;
    const paths = guestPaths.filter((path) => guest.fs.exists(path) && canReplace(path));
    return service.status(await runOverlaid(command, paths, fd, session, processes, options.isolate));
  } finally {
    service.close();
  }
}
