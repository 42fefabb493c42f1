import type { Report } from '../place.js';
import { checkChannels } from '../schema/channel.js';
import { checkCpus } from '../schema/cpus.js';
import { checkDesign } from '../schema/design.js';
import { checkDevices } from '../schema/device.js';
import { checkInterrupts } from '../schema/interrupt.js';
import { checkKvm } from '../schema/kvm.js';
import { checkPci } from '../schema/pci.js';
import { checkArchitectureRows } from '../schema/proc-interrupts.js';
import { checkTimeline } from '../schema/step.js';
import type { UsableValues } from '../schema/usable-values.js';
import { checkWorkload } from '../workloads/index.js';
import type { Checks, PlatformFacts } from './checks.js';
import { CpuNumbers } from './cpu-numbers.js';
import { LinesInUse } from './lines.js';
import { PciInUse } from './pci.js';
import { RelidsInUse } from './relids.js';

/** Checks how the values of a scenario fit together. */
export function checkScenario(
  values: UsableValues,
  platforms: readonly PlatformFacts[],
  report: Report,
): void {
  const { arch, kernel, vmbus, design = {}, devices = [], channels = [], run: runNs } = values;
  const { interrupts = [], architectureRows = {}, kvm, workload = [], timeline = [] } = values;
  const possible = checkCpus(values.cpus, report, vmbus)?.possible;
  const platform = platforms.find(({ name }) => name === arch) ?? platforms[0];
  const relids = new RelidsInUse(report);
  const cpus = new CpuNumbers(possible, report);
  const lines = new LinesInUse(report, cpus);
  const pci = new PciInUse(report);
  const checks: Checks = { report, cpus, relids, lines, pci, platform, runNs };
  checkInterrupts(interrupts, checks);
  checkPci(values.pci ?? [], checks);
  checkArchitectureRows(architectureRows, checks);
  if (kvm !== undefined) checkKvm(kvm, interrupts, checks);
  checkDevices(devices, vmbus, checks);
  const areDevicesReadable = !devices.includes(undefined);
  checkChannels(channels, checks, areDevicesReadable);
  workload.forEach((item, i) => {
    if (item !== undefined) checkWorkload(item, ['workload', i], checks);
  });
  checkTimeline(timeline, checks);
  if (timeline.includes(undefined)) pci.unknown();
  lines.finish();
  pci.finish();
  relids.finish(areDevicesReadable && !timeline.includes(undefined));
  checkDesign(design, kernel, checks);
}
