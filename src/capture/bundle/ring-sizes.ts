import type { ParameterValues } from '../../vmbus/module-parameters.js';
import { moduleParameters } from '../../vmbus/module-parameters.js';
import { ringBytes } from './channel-figures.js';
import type { FindingList } from './findings.js';
import type { MachineFiles } from './machine-files.js';

const DEVICES = '/sys/bus/vmbus/devices';

/** Drivers whose rings a parameter sizes, and what one of it is in bytes. */
const sized = [
  { driver: 'hv_netvsc', module: 'hv_netvsc', name: 'ring_size', unitBytes: 4096 },
  { driver: 'hv_storvsc', module: 'hv_storvsc', name: 'storvsc_ringbuffer_size', unitBytes: 1 },
] as const;

/**
 * Parameters of the drivers whose rings have another size than usual.
 *
 * @param cmdline which may say so already.
 */
export function ringSizes(
  files: MachineFiles,
  cmdline: string,
  findings: FindingList,
): ParameterValues | undefined {
  const found: Record<string, Record<string, number>> = {};
  for (const { driver, module, name, unitBytes } of sized) {
    const sizes = files
      .list(DEVICES)
      .filter((device) => files.linkName(`${DEVICES}/${device}/driver`) === driver)
      .flatMap((device) => ringBytes(files, `${DEVICES}/${device}`) ?? []);
    const value = (sizes[0] ?? 0) / unitBytes;
    const known = moduleParameters.find((one) => one.module === module && one.name === name);
    const isUsual = known === undefined || value === known.initial;
    if (sizes.length === 0 || isUsual || cmdline.includes(`${module}.${name}=`)) continue;
    const { least = 1, most = Number.POSITIVE_INFINITY } = known;
    if (!Number.isInteger(value) || value < least || value > most || new Set(sizes).size > 1) {
      findings.leave(
        `sizes of ${driver}'s rings`,
        `${DEVICES}/*/out_write_bytes_avail: no ${name} gives them`,
      );
      continue;
    }
    found[module] = { [name]: value };
    findings.take(`${module}.${name} ${value}`, `${DEVICES}/*/out_write_bytes_avail, out_read_bytes_avail`);
  }
  return Object.keys(found).length === 0 ? undefined : found;
}
