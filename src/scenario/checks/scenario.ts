import type { Ns } from '../../lib/brand.js';
import type { GuestOptions } from '../options/guest.js';
import type { Report } from '../place.js';
import { checkChannels } from '../schema/channel.js';
import { checkCpuOptions, checkCpus } from '../schema/cpus.js';
import { checkDesign } from '../schema/design.js';
import { checkDevices } from '../schema/device.js';
import { checkInterrupts } from '../schema/interrupt.js';
import { checkKvm } from '../schema/kvm.js';
import { checkPci } from '../schema/pci.js';
import { checkArchitectureRows } from '../schema/proc-interrupts.js';
import { checkTimeline } from '../schema/step.js';
import type { Usable, UsableValues } from '../schema/usable-values.js';
import { checkWorkload } from '../workloads/index.js';
import type { Checks, PlatformFacts } from './checks.js';
import { CpuNumbers } from './cpu-numbers.js';
import { LinesInUse } from './lines.js';
import { PciInUse } from './pci.js';
import { RelidsInUse } from './relids.js';

/** What is said of a guest, as far as it is known: what is wrong in itself is missing. */
type GuestValues = {
  readonly [Key in Exclude<keyof GuestOptions, 'cpus' | 'host'>]?: Usable<GuestOptions[Key]>;
};

/** Checks how the values of a scenario fit together. */
export function checkScenario(
  values: UsableValues,
  platforms: readonly PlatformFacts[],
  report: Report,
): void {
  const { workload = [], timeline = [], run } = values;
  const cpus = checkCpus(values.cpus, report, values.vmbus);
  const checks = checksOf(values, cpus?.possible, platforms, report, run);
  const areDevicesReadable = checkGuestValues(values, checks);
  workload.forEach((item, i) => {
    if (item !== undefined) checkWorkload(item, ['workload', i], checks);
  });
  checkTimeline(timeline, checks);
  if (timeline.includes(undefined)) checks.pci.unknown();
  checks.lines.finish();
  checks.pci.finish();
  checks.relids.finish(areDevicesReadable && !timeline.includes(undefined));
}

/** Checks how the options of a guest, each of which is right in itself, fit together. */
export function checkGuestOptions(
  options: GuestOptions,
  platforms: readonly PlatformFacts[],
  report: Report,
): void {
  const cpus = checkCpuOptions(options.cpus, report, options.vmbus);
  checkGuestValues(options, checksOf(options, cpus?.possible, platforms, report, undefined));
}

function checksOf(
  { arch }: Pick<GuestValues, 'arch'>,
  possible: number | undefined,
  platforms: readonly PlatformFacts[],
  report: Report,
  runNs: Ns | undefined,
): Checks {
  const platform = platforms.find(({ name }) => name === arch) ?? platforms[0];
  const cpus = new CpuNumbers(possible, report);
  return {
    report,
    cpus,
    relids: new RelidsInUse(report),
    lines: new LinesInUse(report, cpus),
    pci: new PciInUse(report),
    platform,
    runNs,
  };
}

/** @returns false if a device is wrong in itself, so that any relid may be its. */
function checkGuestValues(values: GuestValues, checks: Checks): boolean {
  const { kernel, vmbus, design = {}, devices = [], channels = [] } = values;
  const { interrupts = [], architectureRows = {}, kvm } = values;
  checkInterrupts(interrupts, checks);
  checkPci(values.pci ?? [], checks);
  checkArchitectureRows(architectureRows, checks);
  if (kvm !== undefined) checkKvm(kvm, interrupts, checks);
  checkDevices(devices, vmbus, checks);
  const areDevicesReadable = !devices.includes(undefined);
  checkChannels(channels, checks, areDevicesReadable);
  checkDesign(design, kernel, checks);
  return areDevicesReadable;
}
