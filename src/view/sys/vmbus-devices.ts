import type { IrqCore } from '../../irq/core.js';
import { ErrnoError } from '../../lib/errno.js';
import { channelStateNumbers, type VmbusChannel } from '../../vmbus/channel/channel.js';
import { VMBUS_PATH } from '../../vmbus/bus.js';
import type { VmbusDevice } from '../../vmbus/driver.js';
import { encodeGuid, GUID_BYTES } from '../../vmbus/protocol/guid.js';
import { RING_WORD, type RingBuffer, type RingWord } from '../../vmbus/ring/index.js';
import type { Vmbus } from '../../vmbus/vmbus.js';
import {
  type DirectoryNode,
  type FileNode,
  ListDirectory,
  PAGE_SIZE,
  StaticDirectory,
  sysfsFile,
} from '../tree-node.js';
import { classDirectories, type ShownClassDevice } from './class-devices.js';
import { rootBuses, type ShownPci } from './pci-bus.js';
import { powerDirectory } from './power.js';
import { storeUevent } from './uevent.js';
import { deviceMonitorFiles } from './vmbus-monitor.js';
import { openRing, vmbusChannelDirectory } from './vmbus-channel.js';

/** Where sysfs has the VMBus devices themselves; the bus has links to them. */
export const VMBUS_DEVICES = `/sys${VMBUS_PATH}`;
/** The way from a device's directory to /sys. */
const UP_TO_SYS = '../../../../../..';
const PCI_VENDOR_ID_MICROSOFT = 0x1414;

/** What is needed to show the PCI buses that VMBus devices are. */
export interface PciBehindVmbus {
  readonly core: IrqCore;
  readonly pci: ShownPci;
}

/** The directory of all VMBus devices (drivers/hv/vmbus_drv.c), to be mounted at VMBUS_DEVICES. */
export function vmbusDevicesDirectory(vmbus: Vmbus, behind?: PciBehindVmbus): DirectoryNode {
  const { bus } = vmbus;
  const isThere = (instance: string): boolean =>
    bus.device(instance) !== undefined || busesAlone(behind).includes(instance);
  return new ListDirectory(
    () => new Set([...bus.devices.map(({ instanceId }) => instanceId), ...busesAlone(behind)]),
    (instance) => instance,
    (instance) => {
      const device = bus.device(instance);
      const buses = pciBuses(behind, instance);
      return device === undefined ? new StaticDirectory(0o755, buses) : deviceDirectory(vmbus, device, buses);
    },
    (instance) => (isThere(instance) ? instance : undefined),
  );
}

/** Path of a device's directory, below /sys/devices. */
function pathOf(instance: string): string {
  return `${VMBUS_DEVICES}/${instance}`.replace('/sys/devices/', '');
}

function pciBuses(behind: PciBehindVmbus | undefined, instance: string): Record<string, DirectoryNode> {
  return behind === undefined ? {} : rootBuses(behind.core, behind.pci, pathOf(instance));
}

/** GUIDs of the devices that hold PCI buses, those without a channel, too. */
function busesAlone(behind: PciBehindVmbus | undefined): string[] {
  const all = behind === undefined ? [] : [...behind.pci.msi.functions];
  const prefix = `${VMBUS_DEVICES}/`;
  return all.flatMap(({ func: { parent } }) =>
    parent?.startsWith(prefix) === true ? parent.slice(prefix.length) : [],
  );
}

/** What drivers have made of devices. */
export function vmbusClassDevices(vmbus: Vmbus | undefined): ShownClassDevice[] {
  const devices = vmbus?.bus.devices ?? [];
  return devices.flatMap(({ classDevices, instanceId }) =>
    classDevices.map((device) => ({ device, parent: pathOf(instanceId) })),
  );
}

function deviceDirectory(
  vmbus: Vmbus,
  device: VmbusDevice,
  buses: Record<string, DirectoryNode>,
): DirectoryNode {
  const { channel, classId, instanceId } = device;
  const show = (text: () => string): FileNode => sysfsFile(0o444, { show: () => text() + '\n' });
  const channels = new ListDirectory<VmbusChannel>(
    () => [channel, ...channel.subChannels],
    ({ firstRelid }) => String(firstRelid),
    (one) => vmbusChannelDirectory(vmbus, one),
  );
  const { topology } = channel.machine;
  const { outIndexesUnsigned } = vmbus.connection.behaviour;
  return new StaticDirectory(0o755, {
    channel_vp_mapping: sysfsFile(0o444, { show: () => vpMapping(channel) }),
    channels,
    class_id: show(() => `{${classId}}`),
    device: show(() => `0x${channel.deviceClass.typeNumber.toString(16)}`),
    device_id: show(() => `{${instanceId}}`),
    driver_override: driverOverrideFile(device),
    id: show(() => String(channel.relid)),
    modalias: show(() => `vmbus:${guidHex(device)}`),
    numa_node: show(() => String(topology.node[channel.targetCpu])),
    power: powerDirectory(device),
    ...deviceMonitorFiles(vmbus, channel),
    subsystem: { kind: 'symlink', target: `${UP_TO_SYS}/bus/vmbus` },
    uevent: sysfsFile(0o644, { show: () => ueventText(device), store: storeUevent }),
    state: show(() => String(channelStateNumbers[channel.state.kind])),
    vendor: show(() => `0x${PCI_VENDOR_ID_MICROSOFT.toString(16)}`),
    ...ringFiles('out', outIndexesUnsigned, channel, () => channel.rings?.outbound.ring),
    ...ringFiles('in', false, channel, () => channel.rings?.inbound.ring),
    ...classDirectories(device.classDevices, pathOf(instanceId)),
    ...buses,
    ...(device.driver && {
      driver: { kind: 'symlink', target: `${UP_TO_SYS}/bus/vmbus/drivers/${device.driver.name}` },
    }),
  });
}

/** driver_override_store, driver_override_show: takes effect when a driver is next looked for. */
function driverOverrideFile(device: VmbusDevice): FileNode {
  return sysfsFile(0o644, {
    show: () => `${device.driverOverride ?? '(null)'}\n`,
    store: (text) => {
      if (text.length >= PAGE_SIZE - 1)
        throw new ErrnoError('EINVAL', 'the name of a driver is no page long');
      const name = text.split('\n', 1)[0];
      device.driverOverride = name === '' ? null : name;
    },
  });
}

/** What the device's uevents say beside what all devices' do (vmbus_uevent). */
function ueventText(device: VmbusDevice): string {
  const driver = device.driver === undefined ? '' : `DRIVER=${device.driver.name}\n`;
  return `${driver}MODALIAS=vmbus:${guidHex(device)}\n`;
}

/**
 * The files that show one of the primary channel's rings; reading them fails while the channel is closed. What a host has
 * written that cannot be is a negative number in most of them (%d).
 */
function ringFiles(
  prefix: string,
  unsignedIndexes: boolean,
  { relid }: VmbusChannel,
  ring: () => RingBuffer | undefined,
): Record<string, FileNode> {
  const file = (value: (open: RingBuffer) => number): FileNode =>
    sysfsFile(0o444, { show: () => `${value(openRing(relid, ring()))}\n` });
  const index = (word: RingWord): FileNode =>
    file((open) => (unsignedIndexes ? open.load(word) : open.load(word) | 0));
  return {
    [`${prefix}_intr_mask`]: file((open) => open.load(RING_WORD.INTERRUPT_MASK) | 0),
    [`${prefix}_read_index`]: index(RING_WORD.READ_INDEX),
    [`${prefix}_write_index`]: index(RING_WORD.WRITE_INDEX),
    [`${prefix}_read_bytes_avail`]: file((open) => open.bytesToRead() | 0),
    [`${prefix}_write_bytes_avail`]: file((open) => open.bytesToWrite() | 0),
  };
}

function vpMapping(channel: VmbusChannel): string {
  return [channel, ...channel.subChannels].map(({ relid, targetCpu }) => `${relid}:${targetCpu}\n`).join('');
}

function guidHex({ classId }: VmbusDevice): string {
  const bytes = new Uint8Array(GUID_BYTES);
  encodeGuid(classId, bytes);
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
