import { assert } from '../../lib/assert.js';
import type { CpuId } from '../../lib/brand.js';
import { ErrnoError } from '../../lib/errno.js';
import { scsiClassDevice, scsiHostClassDevice } from '../../machine/class-device.js';
import { inFrame, type Procedure } from '../../machine/step.js';
import type { VmbusChannel } from '../../vmbus/channel/channel.js';
import { ChannelOperations } from '../../vmbus/channel/open.js';
import { deviceOf, type VmbusDevice } from '../../vmbus/driver.js';
import { deviceClassId } from '../../vmbus/protocol/class-ids.js';
import { VM_PKT } from '../../vmbus/ring/index.js';
import type { Conversation } from '../conversation/conversation.js';
import { packetCallback } from '../conversation/packets.js';
import { VscDriver, type VspClient } from '../conversation/vsc-driver.js';
import { devPrintk } from '../dev-printk.js';
import { DEVICE_PARAMETERS, type DeviceParameters } from '../device-parameters.js';
import { inject, injectable } from '../injection.js';
import { storvscChannelInit } from './channel-init.js';
import { StorvscDevice, type StorvscSizes } from './device.js';
import { kernLevel } from '../../machine/log.js';

const MODULE = 'hv_storvsc';
const PAGE_BYTES = 4096;
const STORVSC_LOGGING_WARN = 2;

const IDE_CLASS_ID = deviceClassId('ide');
const FC_CLASS_ID = deviceClassId('fc');

/**
 * Storage controllers: IDE, SCSI and Fibre Channel (drivers/scsi/storvsc_drv.c), with their disks. The device's
 * driverData is its StorvscDevice.
 */
@injectable()
export class StorvscDriver extends VscDriver {
  readonly name = 'hv_storvsc';
  readonly classIds = [IDE_CLASS_ID, deviceClassId('scsi'), FC_CLASS_ID];
  /** Data in whole pages, and the header (VMBUS_RING_SIZE of storvsc_ringbuffer_size). */
  protected readonly ringPages =
    Math.ceil(this.operations.parameters.number(MODULE, 'storvsc_ringbuffer_size') / PAGE_BYTES) + 1;
  /** Number of each controller's SCSI host. */
  private readonly hosts = new Map<VmbusDevice, number>();

  constructor(
    @inject(ChannelOperations) operations: ChannelOperations,
    @inject(DEVICE_PARAMETERS) private readonly parameters: DeviceParameters,
  ) {
    super(operations);
  }

  /** Takes a controller into service under a SCSI host number of its own, given back on failure (storvsc_probe). */
  override *probe(device: VmbusDevice): Procedure<void> {
    this.allocateHost(device);
    const controller = new StorvscDevice(this.operations, device, this.sizesOf(device));
    device.driverData = controller;
    try {
      yield* super.probe(device);
      if (device.classId !== IDE_CLASS_ID) controller.hwQueues = this.hwQueues(device);
      const host = this.hosts.get(device) ?? 0;
      device.classDevices = [
        scsiHostClassDevice(host, 'storvsc_host'),
        ...controller.luns.map((lun) => scsiClassDevice(host, targetOf(device), lun)),
      ];
    } catch (error) {
      this.release(device, controller);
      throw error;
    }
  }

  /** What the module's parameters say. */
  private sizesOf(device: VmbusDevice): StorvscSizes {
    const { parameters } = this.operations;
    const isIde = device.classId === IDE_CLASS_ID;
    return {
      isIde,
      ringBytes: (this.ringPages - 1) * PAGE_BYTES,
      vcpusPerSubChannel: parameters.number(MODULE, 'storvsc_vcpus_per_sub_channel'),
      lowaterPercent: parameters.number(MODULE, 'ring_avail_percent_lowater'),
      luns: isIde ? [0] : (this.parameters.luns(device.instanceId) ?? [0]),
    };
  }

  /** As storvsc_max_hw_queues says, which is given up for good where there are fewer CPUs; 0: one for each CPU. */
  private hwQueues(device: VmbusDevice): number {
    const { parameters } = this.operations;
    const present = device.channel.machine.present.weight;
    const queues = parameters.number(MODULE, 'storvsc_max_hw_queues');
    if (queues <= present) return queues || present;
    parameters.set(MODULE, 'storvsc_max_hw_queues', 0);
    if (parameters.number(MODULE, 'logging_level') >= STORVSC_LOGGING_WARN)
      devPrintk(
        this,
        device,
        'Resetting invalid storvsc_max_hw_queues value to default.',
        false,
        kernLevel.WARNING,
      );
    return present;
  }

  /** Takes the disks away, which waits for their I/Os, then closes the channels (storvsc_remove). */
  override *remove(device: VmbusDevice): Procedure<void> {
    const controller = controllerOf(device);
    if (controller !== undefined) yield* inFrame('scsi_remove_host', controller.removeDisks());
    yield* super.remove(device);
    this.release(device, controller);
  }

  /** Whoever has I/Os with a disk has it open, and with it the module (sd_open, scsi_device_get). */
  isInUse(device: VmbusDevice): boolean {
    return (controllerOf(device)?.outstanding ?? 0) > 0;
  }

  /** storvsc_suspend. I/Os that come before the resume wait in the block layer. */
  override *suspend(device: VmbusDevice): Procedure<void> {
    const controller = controllerOf(device);
    if (controller !== undefined) yield* controller.suspend();
    yield* super.suspend(device);
    controller?.channels.clear();
  }

  /** storvsc_resume. */
  override *resume(device: VmbusDevice): Procedure<void> {
    yield* super.resume(device);
    controllerOf(device)?.resume();
  }

  /** A channel interrupts another CPU: which I/Os take which channel is decided anew (storvsc_change_target_cpu). */
  targetCpuChanged(channel: VmbusChannel, oldCpu: CpuId, newCpu: CpuId): void {
    const device = deviceOf(channel.primaryOrSelf);
    if (device !== undefined) controllerOf(device)?.channels.targetCpuChanged(channel, oldCpu, newCpu);
  }

  /** Opens a sub-channel for I/Os; if that fails, the controller does without it (handle_sc_creation). */
  *subChannelOffered(device: VmbusDevice, channel: VmbusChannel): Procedure<void> {
    const { operations, ringPages } = this;
    const host = this.hosts.get(device);
    const controller = controllerOf(device);
    if (host === undefined || controller === undefined) return;
    channel.irqName = `sub@storvsc${host}`;
    const callback = packetCallback(operations, (packet) => {
      if (packet.type === VM_PKT.COMP && !controller.receive(packet)) {
        operations.refuse('packet-nobody-waits-for');
      }
    });
    try {
      yield* operations.open(channel, { callback, ringPages });
      controller.channels.add(channel);
    } catch (error) {
      if (!(error instanceof ErrnoError)) throw error;
      devPrintk(this, device, `Failed to open sub-channel: err=${error.errno}`);
    }
  }

  /** Opens the primary channel, its interrupt named after the SCSI host (the first part of storvsc_connect_to_vsp). */
  protected override *open(device: VmbusDevice): Procedure<VspClient> {
    device.channel.irqName = `pri@storvsc${this.hosts.get(device)}`;
    return yield* super.open(device);
  }

  protected client(device: VmbusDevice, conversation: Conversation): VspClient {
    const controller = controllerOf(device);
    assert(controller !== undefined, 'a channel without its controller', { relid: device.channel.relid });
    const isFibreChannel = device.classId === FC_CLASS_ID;
    return {
      receive: (packet) => {
        if (packet.type === VM_PKT.COMP && !controller.receive(packet))
          conversation.receive(packet.payload());
      },
      connectToVsp: () =>
        storvscChannelInit(this, this.operations.kernel, controller, conversation, isFibreChannel),
    };
  }

  /** The number that the parameters name if it is free, else the lowest free one (scsi_host_alloc). */
  private allocateHost(device: VmbusDevice): void {
    const taken = new Set(this.hosts.values());
    let host = this.parameters.scsiHost(device.instanceId);
    if (host === undefined || taken.has(host)) {
      host = 0;
      while (taken.has(host)) host += 1;
    }
    this.hosts.set(device, host);
  }

  private release(device: VmbusDevice, controller: StorvscDevice | undefined): void {
    controller?.release();
    device.driverData = undefined;
    this.hosts.delete(device);
  }
}

/** Target of its disks: that of an IDE disk is in the instance GUID (storvsc_probe). */
function targetOf({ classId, instanceId }: VmbusDevice): number {
  return classId === IDE_CLASS_ID ? Number.parseInt(instanceId.slice(9, 13), 16) : 0;
}

function controllerOf({ driverData }: VmbusDevice): StorvscDevice | undefined {
  return driverData instanceof StorvscDevice ? driverData : undefined;
}
