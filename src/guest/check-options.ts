import type { CpuOptions } from '../scenario/options/cpus.js';
import type { GuestOptions } from '../scenario/options/guest.js';
import { closest } from '../scenario/suggest.js';

/** Every key, and the compiler sees to it that none is missing. */
const guestKeys: Readonly<Record<keyof GuestOptions, true>> = {
  cpus: true,
  kernel: true,
  cmdline: true,
  moduleParameters: true,
  arch: true,
  generation: true,
  interruptRemapping: true,
  its: true,
  nrIrqs: true,
  maxIrqs: true,
  seed: true,
  interruptTimeNs: true,
  host: true,
  isolation: true,
  confidentialVmbus: true,
  design: true,
  devices: true,
  channels: true,
  interrupts: true,
  pci: true,
  kvm: true,
  architectureRows: true,
  procInterrupts: true,
  vmbus: true,
};

const cpuKeys: Readonly<Record<keyof CpuOptions, true>> = {
  present: true,
  possible: true,
  online: true,
  isolated: true,
  nohzFull: true,
  vendor: true,
  nodes: true,
  packages: true,
  threadsPerCore: true,
};

/**
 * Checks what the compiler can't where options come from JavaScript.
 *
 * @throws TypeError naming the key that is wrong.
 */
export function checkOptions(options: GuestOptions): void {
  if (typeof options !== 'object' || options === null) {
    throw new TypeError(`a guest is made of options such as {cpus: 4}, not of ${String(options)}`);
  }
  refuseUnknown('a guest', options, Object.keys(guestKeys));
  const { cpus } = options;
  if (typeof cpus === 'object' && cpus !== null) refuseUnknown('cpus', cpus, Object.keys(cpuKeys));
  const present = typeof cpus === 'object' && cpus !== null ? cpus.present : cpus;
  if (!Number.isInteger(present) || present < 1) {
    throw new TypeError(`cpus: expected a number of CPUs from 1 on, not ${JSON.stringify(present)}`);
  }
}

function refuseUnknown(what: string, options: object, known: readonly string[]): void {
  for (const key of Object.keys(options)) {
    if (known.includes(key)) continue;
    const meant = closest(key, known);
    throw new TypeError(
      `${what} has no option "${key}"${meant === undefined ? '' : `; did you mean "${meant}"?`}`,
    );
  }
}
