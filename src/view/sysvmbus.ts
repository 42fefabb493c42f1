import { channelStateNumbers, type VmbusChannel } from '../vmbus/channel.js';
import type { VmbusDevice } from '../vmbus/driver.js';
import { encodeGuid, GUID_BYTES } from '../vmbus/guid.js';
import { RING_WORD, type RingBuffer } from '../vmbus/ring.js';
import type { Vmbus } from '../vmbus/vmbus.js';
import { type DirectoryNode, type FileNode, StaticDirectory, sysfsFile, type TreeNode } from './tree-node.js';
import { openRing, vmbusChannelDirectory } from './sysvmbus-channel.js';

/** Where sysfs has the VMBus devices themselves; the bus has links to them. */
export const VMBUS_DEVICES = '/sys/devices/LNXSYSTM:00/LNXSYBUS:00/ACPI0004:00/VMBUS:00';
const FROM_BUS = '../../../devices/LNXSYSTM:00/LNXSYBUS:00/ACPI0004:00/VMBUS:00';
const PCI_VENDOR_ID_MICROSOFT = 0x1414;

/** A directory with an entry for each of some things that come and go. */
class ListDirectory<T> implements DirectoryNode {
  readonly kind = 'directory';
  readonly mode = 0o755;

  constructor(
    private readonly items: () => Iterable<T>,
    private readonly nameOf: (item: T) => string,
    private readonly nodeOf: (item: T) => TreeNode,
  ) {}

  *list(): Generator<string, void, void> {
    for (const item of this.items()) yield this.nameOf(item);
  }

  lookup(name: string): TreeNode | undefined {
    for (const item of this.items()) if (this.nameOf(item) === name) return this.nodeOf(item);
    return undefined;
  }
}

/** The directory of all VMBus devices (drivers/hv/vmbus_drv.c), to be mounted at VMBUS_DEVICES. */
export function vmbusDevicesDirectory(vmbus: Vmbus): DirectoryNode {
  return new ListDirectory(
    () => vmbus.bus.devices,
    ({ instanceId }) => instanceId,
    (device) => deviceDirectory(vmbus, device),
  );
}

/** /sys/bus/vmbus: links to the devices, by bus and by driver. */
export function vmbusBusDirectory(vmbus: Vmbus): DirectoryNode {
  const link = (up: string, { instanceId }: VmbusDevice): TreeNode => ({
    kind: 'symlink',
    target: `${up}${FROM_BUS}/${instanceId}`,
  });
  const devices = new ListDirectory(
    () => vmbus.bus.devices,
    ({ instanceId }) => instanceId,
    (device) => link('', device),
  );
  const drivers = new ListDirectory(
    () => vmbus.bus.drivers,
    ({ name }) => name,
    (driver) =>
      new ListDirectory(
        () => vmbus.bus.devices.filter((device) => device.driver === driver),
        ({ instanceId }) => instanceId,
        (device) => link('../', device),
      ),
  );
  return new StaticDirectory(0o755, {
    devices,
    drivers,
    hibernation: sysfsFile(0o444, { show: () => '0\n' }),
  });
}

function deviceDirectory(vmbus: Vmbus, device: VmbusDevice): DirectoryNode {
  const { channel, classId, instanceId } = device;
  const show = (text: () => string): FileNode => sysfsFile(0o444, { show: () => text() + '\n' });
  const channels = new ListDirectory<VmbusChannel>(
    () => [channel, ...channel.subChannels],
    ({ relid }) => String(relid),
    (one) => vmbusChannelDirectory(vmbus, one),
  );
  const { topology } = channel.machine;
  return new StaticDirectory(0o755, {
    channel_vp_mapping: sysfsFile(0o444, { show: () => vpMapping(channel) }),
    channels,
    class_id: show(() => `{${classId}}`),
    device: show(() => `0x${channel.deviceClass.typeNumber.toString(16)}`),
    device_id: show(() => `{${instanceId}}`),
    id: show(() => String(channel.relid)),
    modalias: show(() => `vmbus:${guidHex(device)}`),
    numa_node: show(() => String(topology.node[channel.targetCpu])),
    state: show(() => String(channelStateNumbers[channel.state.kind])),
    vendor: show(() => `0x${PCI_VENDOR_ID_MICROSOFT.toString(16)}`),
    ...ringFiles('out', channel, () => channel.rings?.outbound.ring),
    ...ringFiles('in', channel, () => channel.rings?.inbound.ring),
  });
}

/** The files that show one of the primary channel's rings; reading them fails while the channel is closed. */
function ringFiles(prefix: string, { relid }: VmbusChannel, ring: () => RingBuffer | undefined): Record<string, FileNode> {
  const file = (value: (open: RingBuffer) => number): FileNode =>
    sysfsFile(0o444, { show: () => `${value(openRing(relid, ring()))}\n` });
  return {
    [`${prefix}_intr_mask`]: file((open) => open.load(RING_WORD.INTERRUPT_MASK)),
    [`${prefix}_read_index`]: file((open) => open.load(RING_WORD.READ_INDEX)),
    [`${prefix}_write_index`]: file((open) => open.load(RING_WORD.WRITE_INDEX)),
    [`${prefix}_read_bytes_avail`]: file((open) => open.bytesToRead()),
    [`${prefix}_write_bytes_avail`]: file((open) => open.bytesToWrite()),
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
