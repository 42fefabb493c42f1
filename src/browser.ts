/**
 * The library wherever JavaScript runs: all of it but what reads files.
 *
 * @module irqlab/browser
 */
import 'reflect-metadata/lite';

export { Guest, type GuestExtensions, type RunTime } from './guest/guest.js';
export { runScenario, type ScenarioRun } from './guest/run-scenario.js';
export type { GuestChannel } from './guest/channel.js';
export type { GuestCpu } from './guest/cpu.js';
export type { GuestDisk, SubmitOptions } from './guest/disk.js';
export type { GuestHost } from './guest/host.js';
export type { GuestKvm, KvmCounts } from './guest/kvm.js';
export type { GuestIrq } from './guest/irq.js';
export type { GuestLines } from './guest/lines.js';
export type { GuestPci } from './guest/pci.js';
export type { PciMsi } from './platform/pci/pci-msi.js';
export type { PciDeviceOptions, PciDriverName } from './scenario/options/pci.js';
export type { LineHardware } from './platform/line-hardware.js';
export type { LineRequest, RaiseOptions } from './devices/line/lines.js';
export type { LineCounts } from './devices/line/wire.js';
export type { RequestFlag } from './devices/line/request-flags.js';
export type { FramesOptions, GuestNic } from './guest/nic.js';
export type { GuestUio } from './guest/uio.js';
export type { IndirectionChoice } from './host/protocols/indirection.js';
export type { ClassDevice } from './machine/class-device.js';
export type { CpuId, Hwirq, Irq, Ns, Relid } from './lib/brand.js';
export { HungError, type WaitingContext } from './machine/hung.js';
export type { LogLine } from './machine/log.js';
export { type ErrnoCode, ErrnoError } from './lib/errno.js';
export { AssertionError } from './lib/assert.js';
export { type Diagnostic, ScenarioError } from './scenario/diagnostics.js';
export { parseScenario } from './scenario/load.js';
export type {
  ClassDeviceOptions,
  DaemonServiceOptions,
  DeviceInList,
  DeviceOptions,
  NetvscOptions,
  PlainDeviceOptions,
  RelidList,
  RepeatedDeviceOptions,
  StorvscOptions,
  VpciOptions,
} from './scenario/options/devices.js';
export type { Architecture } from './scenario/options/architecture.js';
export type { ChannelOptions } from './scenario/options/channels.js';
export type { CpuCounts } from './scenario/options/counts.js';
export type { CpuOptions } from './scenario/options/cpus.js';
export type { DesignSetting } from './scenario/options/design.js';
export type { GuestOptions, RemappingKind } from './scenario/options/guest.js';
export type { HostOptions } from './scenario/options/host.js';
export type { InterruptOptions } from './scenario/options/interrupts.js';
export type { KernelVersion } from './scenario/options/kernel.js';
export type { KvmGuestOptions } from './scenario/options/kvm.js';
export type { LineRequestOptions } from './scenario/options/line-request.js';
export type { ArchitectureRowOptions, ProcInterruptsOptions } from './scenario/options/proc-interrupts.js';
export type { Place } from './scenario/place.js';
export type { WorkloadItem } from './scenario/workloads/index.js';
export type { SignalTally } from './scenario/workloads/workload.js';
export type { MisbehaveRule } from './host/misbehave/rule.js';
export type { RingName, RingPlace } from './host/misbehave/rings.js';
export type { HostTotalName, HostTotals } from './host/totals.js';
export type { CrashReport } from './vmbus/host-port.js';
export type { ParameterValues } from './vmbus/module-parameters.js';
export type { Refusal } from './vmbus/refusals.js';
export {
  type Hang,
  type Printout,
  type RunOptions,
  type RunResult,
  runScenarioOn,
  type StepOutcome,
} from './scenario/runner.js';
export type { Scenario } from './scenario/scenario.js';
export { scenarioWords } from './scenario/words.js';
export { VMBUS_DRIVER, type VmbusDevice, type VmbusDriver } from './vmbus/driver.js';
export { type Guid, parseGuid } from './vmbus/protocol/guid.js';
export type { InterruptsView } from './view/interrupts/live.js';
export type { DirectoryEntry, FileStat, FileTree, OpenFile } from './view/tree.js';
export * from './explore.js';
export * from './lab.js';

// A guest that follows the real time, and commands to it: what `irqlab mount` has behind its socket.
export type { CommandTaker, ControlAnswer } from './steer/answer.js';
export { GuestCommands } from './steer/guest-commands.js';
export {
  type ChannelNow,
  MachinePicture,
  type PictureChannel,
  type PictureCpu,
  type PictureFrame,
  type PictureRow,
  type PictureWindow,
} from './steer/machine-picture.js';
export { dmesgText } from './view/kmsg.js';
export { LiveGuest, type LiveGuestOptions, type LiveModel } from './steer/live-guest.js';

// What plug-ins bind, and what they make it of (docs/plugins.md).
export type { PluginModule } from './guest/container/contributions.js';
export {
  IRQFD_SOURCE,
  type ResamplerLifetime,
  type ResamplerLifetimeFactory,
} from './kvm/resampler-lifetime.js';
export { PluginError } from './lib/plugin-error.js';
export type { Token } from './lib/token.js';
export { builtinPlatforms } from './platform/index.js';
export type { LineAccounting } from './platform/line-accounting.js';
export {
  type ArchSource,
  type CpuFiles,
  type DeviceInterrupt,
  type PerCpuLine,
  type Platform,
  PLATFORM_DEFINITION,
  type PlatformDefinition,
} from './platform/platform.js';
export {
  axesOf,
  type Captured,
  compareChoice,
  type ComparedChoice,
  importCaptures,
  type ImportedScenario,
  loadOnDemand,
  loadRaces,
  type ScenarioAxis,
} from './on-demand.js';
export type { AxisName } from './compare/axes.js';
export type { Compared } from './compare/comparison.js';
export { UsageError } from './command/usage-error.js';
export {
  type Action,
  type ActionDefinition,
  defineAction,
  SCENARIO_ACTION,
  type ScenarioAction,
} from './scenario/actions/action.js';
export type { Answer } from './scenario/actions/answer.js';
export * as expects from './scenario/actions/expects.js';
export type { Checks } from './scenario/checks/checks.js';
export { languageWith } from './guest/language.js';
export type { ScenarioLanguage } from './scenario/language.js';
export type {
  DisableWait,
  DiskIoOptions,
  FrameOptions,
  NextKernelOptions,
  PanicOptions,
  ScenarioGuest,
  ScenarioHost,
  ScenarioLines,
  SignalStats,
  UioDeed,
} from './scenario/port.js';
export * as schema from './scenario/schema/index.js';
export { type CType, guid, int, symbol, text, u8, u16, u32, u64, uint } from './trace/c-type.js';
export {
  either,
  type PrintArgument,
  rec,
  str,
  symbolic,
  TraceEvent,
  type TraceFields,
  type TraceValues,
} from './trace/event.js';
export { TRACE_EVENT } from './trace/event-token.js';
export type { TracePort } from './trace/port.js';
export type { TraceContext, TraceRecord } from './trace/record.js';
export { timeline, type TimelineEvent } from './guest/timeline.js';
export type { GuestTrace, TraceOptions } from './guest/trace.js';
export type { TraceFormat } from './trace/trace-formats.js';
export { GUEST_FILE, type GuestFile } from './view/guest-file.js';
export {
  debugFile,
  type DirectoryNode,
  type FileNode,
  ListDirectory,
  procFile,
  StaticDirectory,
  sysfsFile,
  type TreeNode,
} from './view/tree-node.js';
