import { ErrnoError } from '../../lib/errno.js';
import { type NetDevice, type NetEvent, netDevices } from '../../machine/net-devices.js';
import { inFrame, type Procedure, SharedWord } from '../../machine/step.js';
import type { VmbusChannel } from '../../vmbus/channel/channel.js';
import { ChannelOperations } from '../../vmbus/channel/open.js';
import type { VmbusDevice, VmbusDriver } from '../../vmbus/driver.js';
import { deviceClassId } from '../../vmbus/protocol/class-ids.js';
import { DEVICE_PARAMETERS, type DeviceParameters } from '../device-parameters.js';
import { inject, injectable } from '../injection.js';
import { defaultChannels } from './default-channels.js';
import { NetvscDevice, type NetvscKit, outOfService, requireService } from './device.js';
import { defaultPages, type NetvscOptions } from './options.js';
import { netvscAttach, netvscDetach } from './attach.js';
import { netvscOpen } from './interface.js';
import { openNetvscChannel } from './netvsc.js';
import { cancelSubchanWork, netvscSubchanWork, scheduleSubchanWork } from './subchan-work.js';
import { rndisFilterDeviceAdd, rndisFilterDeviceRemove } from './rndis-filter.js';
import { kernLevel } from '../../machine/log.js';

/** Fewest data pages of a ring. */
const RING_SIZE_MIN = 64;

/**
 * Network adapters (drivers/net/hyperv/netvsc_drv.c): when an adapter is taken into service and out of it, each time
 * under rtnl_lock. The device's driverData is its NetvscDevice.
 */
@injectable()
export class NetvscDriver implements VmbusDriver {
  readonly name = 'hv_netvsc';
  readonly classIds = [deviceClassId('nic')];
  greeting: string | undefined;
  private readonly kit: NetvscKit;
  private readonly adapters = new Map<VmbusDevice, NetvscDevice>();
  private readonly adaptersWord = new SharedWord('netvsc_dev_list');

  constructor(
    @inject(ChannelOperations) private readonly operations: ChannelOperations,
    @inject(DEVICE_PARAMETERS) private readonly parameters: DeviceParameters,
    { subchanWork, waits, pages }: NetvscOptions = {},
  ) {
    this.kit = {
      subchanWork: (adapter) => netvscSubchanWork(adapter, subchanWork),
      endsWithRescind: waits === 'end-with-rescind',
      pages: pages ?? { ...defaultPages, ring: this.ringSize() + 1 },
    };
  }

  /** Data pages of each ring; fewer than the least are made that many (netvsc_drv_init). */
  private ringSize(): number {
    const { parameters } = this.operations;
    const size = parameters.number('hv_netvsc', 'ring_size');
    if (size >= RING_SIZE_MIN) return size;
    parameters.set('hv_netvsc', 'ring_size', RING_SIZE_MIN);
    this.greeting = `hv_netvsc: Increased ring_size to ${RING_SIZE_MIN} (min allowed)`;
    return RING_SIZE_MIN;
  }

  /** netvsc_probe: sub-channels are left to a work of their own, so that other offers can be handled meanwhile. */
  probe(device: VmbusDevice): Procedure<void> {
    return inFrame('netvsc_probe', this.doProbe(device));
  }

  /** Interfaces that were there before the adapter may belong to it (the end of netvsc_probe). */
  private *lookForVf(adapter: NetvscDevice): Procedure<void> {
    const interfaces = netDevices(adapter.device.channel.machine);
    interfaces.notifiers.add(this.netdevEvent);
    for (const other of interfaces)
      if (adapter.vf.isVf(other, 'serial') || adapter.vf.isVf(other, 'address'))
        yield* adapter.vf.registerInProbe(other);
  }

  /** What becomes of other interfaces (netvsc_netdev_event). */
  private readonly netdevEvent = (event: NetEvent, other: NetDevice): Procedure<void> =>
    inFrame('netvsc_netdev_event', this.onNetdevEvent(event, other));

  private *onNetdevEvent(event: NetEvent, other: NetDevice): Procedure<void> {
    if (other.options.pci === undefined) return;
    if (event === 'register') {
      this.ownerOf(other)?.vf.register(other);
      return;
    }
    const owner = [...this.adapters.values()].find(({ vf }) => vf.netDevice === other);
    if (event === 'unregister') owner?.vf.unregister(other);
    else if (owner !== undefined) yield* owner.vf.changed(other, event);
  }

  /** The adapter that a virtual function belongs to (get_netvsc_byslot). */
  private ownerOf(other: NetDevice): NetvscDevice | undefined {
    const { pci } = other.options;
    if (pci === undefined) return undefined;
    const notice = (text: string): void => this.operations.printk(`${pci.label} ${other.name}: ${text}`);
    if (pci.slot === undefined) {
      notice('no PCI slot information');
      return undefined;
    }
    const adapters = [...this.adapters.values()];
    const found =
      adapters.find(({ vf }) => vf.isVf(other, 'serial')) ??
      adapters.find(({ vf }) => vf.isVf(other, 'address'));
    if (found === undefined) notice(`no netdev found for vf serial:${pci.slot}`);
    return found;
  }

  private *doProbe(device: VmbusDevice): Procedure<void> {
    const adapter = new NetvscDevice(this.operations, this, device, this.kit);
    this.adaptersWord.announce();
    this.adapters.set(device, adapter);
    device.driverData = adapter;
    const { kernel } = this.operations;
    const asked = this.parameters.netvscChannels(device.instanceId);
    const count = asked ?? defaultChannels(device.channel.machine, kernel);
    yield* inFrame('rtnl_lock', adapter.rtnl.lock());
    try {
      const adding = inFrame('rndis_filter_device_add', rndisFilterDeviceAdd(adapter, count));
      yield* adapter.tellingOf((errno) => `unable to add netvsc device (ret ${errno})`, adding);
      if (adapter.channels > 1) scheduleSubchanWork(adapter);
      adapter.register();
      yield* this.lookForVf(adapter);
      if (this.parameters.bringsInterfaceUp(device.instanceId)) bringUp(adapter);
    } catch (error) {
      this.adaptersWord.announce();
      this.adapters.delete(device);
      throw error;
    } finally {
      yield* adapter.rtnl.unlock();
    }
  }

  /** Takes the adapter down, whose sub-channels may still come meanwhile, then forgets it (netvsc_remove). */
  *remove(device: VmbusDevice): Procedure<void> {
    const adapter = this.adapterOf(device);
    if (adapter === undefined) return;
    yield* inFrame('netvsc_remove', this.takeDown(adapter));
    this.adaptersWord.announce();
    this.adapters.delete(device);
    adapter.unregister();
    device.driverData = undefined;
  }

  private *takeDown(adapter: NetvscDevice): Procedure<void> {
    yield* inFrame('rtnl_lock', adapter.rtnl.lock());
    yield* inFrame('cancel_work_sync', cancelSubchanWork(adapter));
    const { netDevice } = adapter.vf;
    if (netDevice !== undefined) adapter.vf.unregister(netDevice);
    if (adapter.attached) yield* inFrame('rndis_filter_device_remove', rndisFilterDeviceRemove(adapter));
    adapter.dropQueued();
    yield* adapter.rtnl.unlock();
  }

  /**
   * Takes the adapter down, but keeps it for the resume (netvsc_suspend).
   *
   * @throws ErrnoError ENODEV if the adapter is not in service; as netvscDetach.
   */
  suspend(device: VmbusDevice): Procedure<void> {
    return inFrame('netvsc_suspend', this.doSuspend(device));
  }

  private *doSuspend(device: VmbusDevice): Procedure<void> {
    const adapter = this.inService(device);
    yield* inFrame('rtnl_lock', adapter.rtnl.lock());
    try {
      requireService(adapter);
      yield* inFrame('netvsc_detach', netvscDetach(adapter));
    } finally {
      yield* adapter.rtnl.unlock();
    }
  }

  /** Sets the adapter up again, with as many channels as before (netvsc_resume). */
  resume(device: VmbusDevice): Procedure<void> {
    return inFrame('netvsc_resume', this.doResume(device));
  }

  private *doResume(device: VmbusDevice): Procedure<void> {
    const adapter = this.inService(device);
    yield* inFrame('rtnl_lock', adapter.rtnl.lock());
    try {
      yield* inFrame('netvsc_attach', netvscAttach(adapter, adapter.channels));
    } finally {
      yield* adapter.rtnl.unlock();
    }
  }

  /** Opens a sub-channel; a failed one counts as tried, or the wait for the last would not end (netvsc_sc_open). */
  *subChannelOffered(device: VmbusDevice, channel: VmbusChannel): Procedure<void> {
    const adapter = this.adapterOf(device);
    if (adapter === undefined || channel.offer.subChannelIndex >= adapter.channels) return;
    try {
      yield* openNetvscChannel(adapter, channel);
    } catch (error) {
      if (!(error instanceof ErrnoError)) throw error;
      adapter.printk(`sub channel open failed: ${error.errno}`, kernLevel.NOTICE);
    }
    adapter.openChannels += 1;
    adapter.subChannelsOpen.wakeUp();
  }

  /**
   * Takes the adapter down and sets it up with another number of channels (net/ethtool/ioctl.c ethtool_set_channels,
   * netvsc_set_channels). The present number, and what Linux refuses before that, leave the adapter alone; if the
   * setting up fails, the old number is tried again.
   *
   * @throws ErrnoError EINVAL for 0 and for more channels than there can be; ENODEV if the adapter is not in service; as
   *   netvscDetach; what setting up failed with.
   */
  setChannels(device: VmbusDevice, count: number): Procedure<void> {
    return inFrame('netvsc_set_channels', this.doSetChannels(device, count));
  }

  private *doSetChannels(device: VmbusDevice, count: number): Procedure<void> {
    const adapter = this.inService(device);
    yield* inFrame('rtnl_lock', adapter.rtnl.lock());
    try {
      requireService(adapter);
      const previous = adapter.channels;
      if (count === previous) return;
      if (!(Number.isInteger(count) && count >= 1 && count <= adapter.maxChannels)) {
        throw new ErrnoError(
          'EINVAL',
          `this network adapter can have 1 to ${adapter.maxChannels} channels, not ${count}`,
        );
      }
      // ethtool_set_channels: the table must not lead to channels that go.
      if (adapter.receiveTable?.some((channel) => channel >= count) === true) {
        const text = 'the indirection table leads to channels that would go; change it first';
        throw new ErrnoError('EINVAL', text);
      }
      yield* inFrame('netvsc_detach', netvscDetach(adapter));
      yield* this.attachOrRestore(adapter, count, previous);
    } finally {
      yield* adapter.rtnl.unlock();
    }
  }

  private *attachOrRestore(adapter: NetvscDevice, count: number, previous: number): Procedure<void> {
    try {
      yield* inFrame('netvsc_attach', netvscAttach(adapter, count));
    } catch (error) {
      if (!(error instanceof ErrnoError)) throw error;
      try {
        yield* inFrame('netvsc_attach', netvscAttach(adapter, previous));
      } catch (again) {
        if (!(again instanceof ErrnoError)) throw again;
        adapter.printk('restoring channel setting failed');
      }
      throw error;
    }
  }

  private adapterOf(device: VmbusDevice): NetvscDevice | undefined {
    this.adaptersWord.announceRead();
    return this.adapters.get(device);
  }

  /** @throws ErrnoError ENODEV if the device was not taken into service, or has been removed. */
  private inService(device: VmbusDevice): NetvscDevice {
    const adapter = this.adapterOf(device);
    if (adapter === undefined) throw outOfService(device);
    return adapter;
  }
}

/** What user space does with a new interface, once it gets RTNL; one that cannot be opened stays down. */
function bringUp(adapter: NetvscDevice): void {
  const { machine } = adapter.device.channel;
  machine.spawn(`ip link set ${adapter.interfaceName} up`, openIfThere(adapter), undefined, { comm: 'ip' });
}

function* openIfThere(adapter: NetvscDevice): Procedure<void> {
  try {
    yield* inFrame('dev_open', netvscOpen(adapter));
  } catch (error) {
    if (!(error instanceof ErrnoError)) throw error;
  }
}
