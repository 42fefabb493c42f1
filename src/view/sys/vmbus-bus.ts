import { ErrnoError } from '../../lib/errno.js';
import { VMBUS_PATH } from '../../vmbus/bus.js';
import type { VmbusDevice, VmbusDriver } from '../../vmbus/driver.js';
import { type Guid, parseGuid } from '../../vmbus/protocol/guid.js';
import type { Vmbus } from '../../vmbus/vmbus.js';
import {
  checked,
  type DirectoryNode,
  ListDirectory,
  type SleepingWrite,
  sleepingSysfsFile,
  StaticDirectory,
  sysfsFile,
  throwIfError,
  type TreeNode,
} from '../tree-node.js';
import { storeUevent } from './uevent.js';

const FROM_BUS = `../../..${VMBUS_PATH}`;

/** /sys/bus/vmbus: links to the devices, by bus and by driver (drivers/base/bus.c, drivers/hv/vmbus_drv.c). */
export function vmbusBusDirectory(vmbus: Vmbus): DirectoryNode {
  const { bus } = vmbus;
  const { machine } = vmbus.connection;
  const devices = new ListDirectory(
    () => bus.devices,
    ({ instanceId }) => instanceId,
    (device) => link('', device),
    (name) => bus.device(name),
  );
  const drivers = new ListDirectory(
    () => bus.drivers,
    ({ name }) => name,
    (driver) => new DriverDirectory(vmbus, driver),
  );
  return new StaticDirectory(0o755, {
    devices,
    drivers,
    drivers_autoprobe: sysfsFile(0o644, {
      show: () => `${bus.autoprobe ? 1 : 0}\n`,
      store: (text) => {
        bus.autoprobe = !text.startsWith('0');
      },
    }),
    drivers_probe: sleepingSysfsFile(machine, 0o200, {
      store: (text) => {
        const device = deviceNamed(vmbus, text);
        if (device === undefined)
          throw new ErrnoError('EINVAL', `there is no device ${JSON.stringify(text)}`);
        return { name: 'drivers_probe_store', work: bus.probeFor(device) };
      },
    }),
    // Whether Hyper-V has told the guest that it may hibernate (hv_is_hibernation_supported): here it always has.
    hibernation: sysfsFile(0o444, { show: () => '1\n' }),
    uevent: sysfsFile(0o200, { store: storeUevent }),
  });
}

function link(up: string, { instanceId }: VmbusDevice): TreeNode {
  return { kind: 'symlink', target: `${up}${FROM_BUS}/${instanceId}` };
}

/** /sys/bus/vmbus/drivers/NAME */
class DriverDirectory implements DirectoryNode {
  readonly kind = 'directory';
  readonly mode = 0o755;
  private readonly files: StaticDirectory;

  constructor(
    private readonly vmbus: Vmbus,
    private readonly driver: VmbusDriver,
  ) {
    const { machine } = vmbus.connection;
    this.files = new StaticDirectory(0o755, {
      module: { kind: 'symlink', target: `../../../../module/${driver.module ?? driver.name}` },
      bind: sleepingSysfsFile(machine, 0o200, { store: (text) => this.bind(text) }),
      new_id: sleepingSysfsFile(machine, 0o200, { store: (text) => this.newId(text) }),
      remove_id: sysfsFile(0o200, { store: (text) => this.removeId(text) }),
      uevent: sysfsFile(0o200, { store: storeUevent }),
      unbind: sleepingSysfsFile(machine, 0o200, { store: (text) => this.unbind(text) }),
    } satisfies Record<string, TreeNode>);
  }

  *list(): Generator<string, void, void> {
    yield* this.files.list();
    for (const { instanceId } of this.bound()) yield instanceId;
  }

  lookup(name: string): TreeNode | undefined {
    const device = this.vmbus.bus.device(name);
    return device?.driver !== this.driver ? this.files.lookup(name) : link('../', device);
  }

  private bound(): VmbusDevice[] {
    return this.vmbus.bus.devices.filter((device) => device.driver === this.driver);
  }

  /** Binds a device that this driver serves and that has none (bind_store). */
  private bind(text: string): SleepingWrite<void> {
    const { driver, vmbus } = this;
    const device = deviceNamed(vmbus, text);
    if (device === undefined) throw noDevice(text);
    const binding = vmbus.bus.bindByHand(device, driver);
    return { name: 'bind_store', work: checked(binding, () => `${driver.name} cannot serve ${text.trim()}`) };
  }

  /** Takes a device from this driver; it stays without one until somebody binds it (unbind_store). */
  private unbind(text: string): SleepingWrite<void> {
    const device = deviceNamed(this.vmbus, text);
    if (device?.driver !== this.driver) throw noDevice(text);
    return { name: 'unbind_store', work: this.vmbus.bus.unbind(device) };
  }

  /** The driver serves one class more; devices of it that have no driver get this one (new_id_store). */
  private newId(text: string): SleepingWrite<void> {
    const { driver, vmbus } = this;
    const adding = vmbus.bus.addId(driver, classId(text));
    return { name: 'new_id_store', work: checked(adding, () => `${driver.name} serves this class already`) };
  }

  /** Takes back what new_id gave; devices keep the driver that they have (remove_id_store). */
  private removeId(text: string): void {
    const ret = this.vmbus.bus.removeId(this.driver, classId(text));
    throwIfError(ret, `${this.driver.name} was not given this class`);
  }
}

function deviceNamed({ bus }: Vmbus, text: string): VmbusDevice | undefined {
  const name = text.replace(/\n$/, '');
  return bus.device(name);
}

function noDevice(text: string): ErrnoError {
  return new ErrnoError('ENODEV', `the driver has no such device: ${JSON.stringify(text)}`);
}

/** Reads a class id as lib/uuid.c guid_parse does: what follows it is not looked at. */
function classId(text: string): Guid {
  const guid = /^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}/.exec(text)?.[0];
  if (guid === undefined) throw new ErrnoError('EINVAL', `${JSON.stringify(text)} is no GUID`);
  return parseGuid(guid);
}
