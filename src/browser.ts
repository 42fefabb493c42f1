// The library wherever JavaScript runs: all of it but what reads files.
import 'reflect-metadata';

export { Guest, type GuestExtensions, type RunTime } from './guest/guest.js';
export type { GuestChannel } from './guest/channel.js';
export type { GuestCpu } from './guest/cpu.js';
export type { GuestDisk, SubmitOptions } from './guest/disk.js';
export type { GuestHost } from './guest/host.js';
export type { GuestKvm, KvmCounts } from './guest/kvm.js';
export type { GuestIrq } from './guest/irq.js';
export type { FramesOptions, GuestNic } from './guest/nic.js';
export {
  type GuestPacket,
  HOST_BACKEND,
  type HostBackend,
  type HostChannel,
  type HostDeviceServices,
} from './host/device.js';
export { IRQ_DOMAIN_PLUGIN, type IrqDomainPlugin } from './irq/irqdomain-plugin.js';
export * as irq from './irq/index.js';
export type { IrqCore } from './irq/core.js';
export type { CpuId, Hwirq, Irq, Ns, Relid } from './lib/brand.js';
export { type ErrnoCode, ErrnoError } from './lib/errno.js';
export { AssertionError } from './lib/assert.js';
export { CpuMask } from './machine/cpumask.js';
export { sleep } from './machine/completion.js';
export type { Machine } from './machine/machine.js';
export type { Procedure } from './machine/step.js';
export { ScenarioError } from './scenario/diagnostics.js';
export { parseScenario } from './scenario/load.js';
export type { DeviceOptions } from './scenario/options/devices.js';
export type { GuestOptions } from './scenario/options/guest.js';
export type { Scenario } from './scenario/scenario.js';
export { callbackMode, type VmbusChannel } from './vmbus/channel/channel.js';
export { ChannelOperations, type OpenOptions } from './vmbus/channel/open.js';
export { VMBUS_DRIVER, type VmbusDevice, type VmbusDriver } from './vmbus/driver.js';
export { type Guid, parseGuid } from './vmbus/protocol/guid.js';
export { type DesignAxis, defaultDesign, designChoices, type VmbusDesign } from './vmbus/variants/design.js';
export type { FileTree } from './view/tree.js';
export * from './explore/index.js';
export { Completion, WaitQueue } from './machine/completion.js';
export { Lock } from './machine/lock.js';
export { memoryBarrier, MemoryWord } from './machine/memory.js';
export { inFunction, SharedObject, SharedWord, type Step } from './machine/step.js';
