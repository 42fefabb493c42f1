// The library wherever JavaScript runs: all of it but what reads files.
import 'reflect-metadata/lite';

export { Guest, type GuestExtensions, type RunTime } from './guest/guest.js';
export type { GuestChannel } from './guest/channel.js';
export type { GuestCpu } from './guest/cpu.js';
export type { GuestDisk, SubmitOptions } from './guest/disk.js';
export type { GuestHost } from './guest/host.js';
export type { GuestKvm, KvmCounts } from './guest/kvm.js';
export type { GuestIrq } from './guest/irq.js';
export type { GuestLines } from './guest/lines.js';
export type { GuestPci } from './guest/pci.js';
export type { PciMsi } from './platform/pci/pci-msi.js';
export type { PciDeviceOptions } from './scenario/options/pci.js';
export type { LineHardware } from './platform/line-hardware.js';
export type { LineRequest, RaiseOptions } from './devices/line/lines.js';
export type { LineCounts } from './devices/line/wire.js';
export type { RequestFlag } from './devices/line/request-flags.js';
export type { FramesOptions, GuestNic } from './guest/nic.js';
export type { GuestUio } from './guest/uio.js';
export type { IndirectionChoice } from './host/protocols/indirection.js';
export type { ClassDevice } from './machine/class-device.js';
export {
  type GuestPacket,
  HOST_BACKEND,
  type HostBackend,
  type HostChannel,
  type HostDeviceServices,
} from './host/device.js';
export { IRQ_DOMAIN_PLUGIN, type IrqDomainPlugin } from './irq/irqdomain-plugin.js';
export * as irq from './irq/index.js';
export { IrqCore } from './irq/core.js';
export type { CpuId, Hwirq, Irq, Ns, Relid } from './lib/brand.js';
export { type ErrnoCode, ErrnoError } from './lib/errno.js';
export { AssertionError } from './lib/assert.js';
export { CpuMask } from './machine/cpumask.js';
export { sleep } from './machine/completion.js';
export { Machine } from './machine/machine.js';
export type { Procedure } from './machine/step.js';
export { ScenarioError } from './scenario/diagnostics.js';
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
export type { GuestOptions } from './scenario/options/guest.js';
export {
  type RunOptions,
  type RunResult,
  runScenario,
  type StepOutcome,
} from './scenario/runner.js';
export type { Scenario } from './scenario/scenario.js';
export { scenarioWords } from './scenario/words.js';
export { callbackMode, type VmbusChannel } from './vmbus/channel/channel.js';
export { ChannelOperations, type OpenOptions } from './vmbus/channel/open.js';
export { VMBUS_DRIVER, type VmbusDevice, type VmbusDriver } from './vmbus/driver.js';
export { type Guid, parseGuid } from './vmbus/protocol/guid.js';
export { type DesignPreset, designPresets } from './vmbus/variants/presets.js';
export { type DesignAxis, defaultDesign, designChoices, type VmbusDesign } from './vmbus/variants/design.js';
export type { FileTree } from './view/tree.js';
export * from './explore/index.js';
export { Completion, WaitQueue } from './machine/completion.js';
export { Lock, SpinLock } from './machine/lock.js';
export {
  instructionBarrier,
  memoryBarrier,
  MemoryWord,
  readBarrier,
  viewOfLoad,
  writeBarrier,
} from './machine/memory.js';
export { SharedCounter, SharedVar } from './machine/shared-var.js';
export {
  checkpoint,
  inFunction,
  runAtomic,
  type Order,
  SharedObject,
  SharedWord,
  type Step,
  type View,
} from './machine/step.js';

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

// Small guests for tests and races of one's own, over the model's own code.
export { type HostSide, LeanGuest, type LeanGuestOptions, noLine } from './lab/lean-guest.js';
export { RaceGuest, type RaceGuestOptions } from './lab/race-guest.js';
export { RaceHost } from './lab/race-host.js';
export { handlerOf, RaceLine, type RaceLineOptions } from './lab/race-line.js';
export { designParts } from './vmbus/variants/index.js';

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
  type CapturedText,
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
export { differencesOf, planOf, type PlannedRow } from './races/verdict.js';
export {
  defineRace,
  RACE,
  type Race,
  type RaceOptions,
  type RaceVariant,
  type RaceVerdict,
} from './races/race.js';
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
export type { ScenarioGuest, ScenarioHost } from './scenario/port.js';
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
export type { GuestTrace, TraceFormat, TraceOptions } from './guest/trace.js';
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
export type { ChannelMover } from './vmbus/channel/mover.js';
export type { ConnectionPort } from './vmbus/connection/port.js';
export type { RelidMap } from './vmbus/relid-map.js';
export type { ControlMessages } from './vmbus/variants/control-messages.js';
export {
  CHANNEL_LIFETIME,
  type DesignParts,
  type LifetimeFactory,
  MODIFY_CHANNEL,
  type ModifyChannelFactory,
  FREE_CPUS,
  OFFER_FILTER,
  OFFLINE_GUARD,
  OFFLINE_POLICY,
  type OfflineGuardFactory,
  type OfflinePolicyFactory,
  OPEN_ORDER,
  RELID_MAP,
  type RelidMapFactory,
  RING_ORDER,
  TOP_LEVEL,
  type TopLevel,
} from './vmbus/variants/design-parts.js';
export type { ChannelLifetime } from './vmbus/variants/lifetime.js';
export type { ModifyChannelPolicy } from './vmbus/variants/modify-channel-policy.js';
export { HOST_OBSERVER, type HostObserver } from './host/observer.js';
export type { FreeCpus } from './vmbus/variants/free-cpus.js';
export type { OfferFilter } from './vmbus/variants/offer-filter.js';
export type { OfflineGuard } from './vmbus/variants/offline-guard.js';
export type { OfflinePolicy } from './vmbus/variants/offline-policy.js';
export type { OpenOrder } from './vmbus/variants/open-order.js';
export { PlainRelidMap } from './vmbus/variants/plain-map.js';
export type { RingOrder } from './vmbus/ring/order.js';
export { Vmbus } from './vmbus/vmbus.js';
