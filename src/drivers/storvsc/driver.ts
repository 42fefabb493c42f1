import type { CpuId } from '../../lib/brand.js';
import { ErrnoError } from '../../lib/errno.js';
import type { Procedure } from '../../machine/step.js';
import {
  maxSubChannelsOf,
  VSTOR,
  vstorOperation,
  vstorRequest,
  vstorStatus,
  vstorVersions,
} from '../../host/protocols/storage.js';
import type { VmbusChannel } from '../../vmbus/channel/channel.js';
import { ChannelOperations } from '../../vmbus/channel/open.js';
import { deviceClassId } from '../../vmbus/protocol/class-ids.js';
import type { VmbusDevice, VmbusDriver } from '../../vmbus/driver.js';
import { VM_PKT } from '../../vmbus/ring/index.js';
import { Conversation } from '../support/conversation.js';
import { type HostPacket, packetCallback } from '../support/packets.js';
import { StorvscDevice } from './device.js';
import { DEVICE_PARAMETERS, type DeviceParameters } from '../device-parameters.js';
import { inject, injectable } from '../injection.js';

/** Time for each answer of the host, sub-channels included (storvsc_timeout, 180 s). */
const TIMEOUT_NS = 180_000_000_000;
/** Pages of each ring: 128 KiB of data and the header (storvsc_ringbuffer_size). */
const RING_PAGES = 33;
const FC_CLASS_ID = deviceClassId('fc');

const IDE_CLASS_ID = deviceClassId('ide');

/**
 * Storage controllers: IDE, SCSI and Fibre Channel (drivers/scsi/storvsc_drv.c), each with one disk. The device's
 * driverData is its StorvscDevice.
 */
@injectable()
export class StorvscDriver implements VmbusDriver {
  readonly name = 'hv_storvsc';
  readonly classIds = [IDE_CLASS_ID, deviceClassId('scsi'), FC_CLASS_ID];
  readonly probesAsynchronously = true;
  /** Number of each controller's SCSI host. */
  private readonly hosts = new Map<VmbusDevice, number>();

  constructor(
    @inject(ChannelOperations) private readonly operations: ChannelOperations,
    @inject(DEVICE_PARAMETERS) private readonly parameters: DeviceParameters,
  ) {}

  /** storvsc_probe, storvsc_connect_to_vsp */
  *probe(device: VmbusDevice): Procedure<void> {
    this.allocateHost(device);
    const controller = new StorvscDevice(this.operations, device, device.classId !== IDE_CLASS_ID);
    device.driverData = controller;
    try {
      yield* this.connect(device, controller);
    } catch (error) {
      yield* this.operations.close(device.channel);
      controller.release();
      device.driverData = undefined;
      this.hosts.delete(device);
      throw error;
    }
  }

  /** storvsc_connect_to_vsp */
  private *connect(device: VmbusDevice, controller: StorvscDevice): Procedure<void> {
    const { channel } = device;
    const conversation = new Conversation(this.operations, channel);
    channel.irqName = `pri@storvsc${this.hosts.get(device)}`;
    yield* this.open(channel, (packet) => {
      if (packet.type === VM_PKT.COMP && !controller.receive(packet)) conversation.receive(packet.payload);
    });
    controller.channels.add(channel);
    yield* this.initChannel(device, conversation);
  }

  /** storvsc_suspend. I/Os that come before the resume wait in the block layer. */
  *suspend(device: VmbusDevice): Procedure<void> {
    const controller = controllerOf(device);
    if (controller !== undefined) yield* controller.quiesce();
    yield* this.operations.close(device.channel);
    controller?.channels.clear();
  }

  /** storvsc_resume */
  *resume(device: VmbusDevice): Procedure<void> {
    const controller = controllerOf(device);
    if (controller === undefined) return;
    yield* this.connect(device, controller);
    controller.resume();
  }

  /** storvsc_remove */
  *remove(device: VmbusDevice): Procedure<void> {
    const controller = controllerOf(device);
    if (controller !== undefined) yield* controller.shutDown();
    yield* this.operations.close(device.channel);
    controller?.release();
    device.driverData = undefined;
    this.hosts.delete(device);
  }

  /** storvsc_change_target_cpu */
  targetCpuChanged(channel: VmbusChannel, oldCpu: CpuId, newCpu: CpuId): void {
    const { device } = channel.primaryOrSelf;
    if (device !== undefined) controllerOf(device)?.channels.targetCpuChanged(channel, oldCpu, newCpu);
  }

  /** handle_sc_creation */
  *subChannelOffered(device: VmbusDevice, channel: VmbusChannel): Procedure<void> {
    const host = this.hosts.get(device);
    const controller = controllerOf(device);
    if (host === undefined || controller === undefined) return;
    channel.irqName = `sub@storvsc${host}`;
    try {
      yield* this.open(channel, (packet) => {
        if (packet.type === VM_PKT.COMP && !controller.receive(packet)) {
          this.operations.refuse('packet-nobody-waits-for');
        }
      });
      controller.channels.add(channel);
    } catch (error) {
      if (!(error instanceof ErrnoError)) throw error;
      channel.machine.log.printk(
        `${this.name} ${device.instanceId}: Failed to open sub-channel: err=${error.errno}`,
      );
    }
  }

  private *open(channel: VmbusChannel, take: (packet: HostPacket) => void): Procedure<void> {
    yield* this.operations.open(channel, {
      callback: packetCallback(this.operations, take),
      ringPages: RING_PAGES,
    });
  }

  /** storvsc_channel_init */
  private *initChannel(device: VmbusDevice, conversation: Conversation): Procedure<void> {
    yield* this.execute(conversation, VSTOR.BEGIN_INITIALIZATION);
    yield* this.negotiate(conversation);
    const properties = yield* this.execute(conversation, VSTOR.QUERY_PROPERTIES);
    if (device.classId === FC_CLASS_ID) yield* this.execute(conversation, VSTOR.FCHBA_DATA);
    yield* this.execute(conversation, VSTOR.END_INITIALIZATION);
    yield* this.createSubChannels(device, conversation, maxSubChannelsOf(properties));
  }

  private *negotiate(conversation: Conversation): Procedure<void> {
    for (const version of vstorVersions) {
      const answer = yield* conversation.request(vstorRequest(VSTOR.QUERY_PROTOCOL_VERSION, version), {
        timeoutNs: TIMEOUT_NS,
      });
      if (succeeded(answer)) return;
    }
    throw new ErrnoError(
      'EINVAL',
      'the host speaks none of the storage protocol versions that the driver does',
    );
  }

  /** storvsc_execute_vstor_op */
  private *execute(conversation: Conversation, operation: number): Procedure<Uint8Array> {
    const answer = yield* conversation.request(vstorRequest(operation), { timeoutNs: TIMEOUT_NS });
    if (!succeeded(answer)) throw new ErrnoError('EINVAL', `the host refused storage operation ${operation}`);
    return answer;
  }

  /** handle_multichannel_storage: a failure leaves the controller with its primary channel. */
  private *createSubChannels(device: VmbusDevice, conversation: Conversation, max: number): Procedure<void> {
    const { machine } = device.channel;
    const count = Math.min(machine.online.weight - 1, max);
    if (count <= 0) return;
    device.subChannelsAsked = count;
    const controller = controllerOf(device);
    if (controller !== undefined) controller.channels.subChannels = count;
    try {
      const answer = yield* conversation.request(vstorRequest(VSTOR.CREATE_SUB_CHANNELS, count), {
        timeoutNs: TIMEOUT_NS,
      });
      if (succeeded(answer)) return;
      this.complain(device, `op=${vstorOperation(answer)}, sts=${vstorStatus(answer)}`);
    } catch (error) {
      if (!(error instanceof ErrnoError)) throw error;
      this.complain(device, error.code === 'ETIMEDOUT' ? 'timed out' : `err=${error.errno}`);
    }
  }

  private complain(device: VmbusDevice, reason: string): void {
    device.channel.machine.log.printk(
      `${this.name} ${device.instanceId}: Failed to create sub-channel: ${reason}`,
    );
  }

  /** The number that the settings name if it is free, else the lowest free one (scsi_host_alloc). */
  private allocateHost(device: VmbusDevice): number {
    const taken = new Set(this.hosts.values());
    let host = this.parameters.scsiHost(device.instanceId);
    if (host === undefined || taken.has(host)) {
      host = 0;
      while (taken.has(host)) host += 1;
    }
    this.hosts.set(device, host);
    return host;
  }
}

function controllerOf({ driverData }: VmbusDevice): StorvscDevice | undefined {
  return driverData instanceof StorvscDevice ? driverData : undefined;
}

function succeeded(answer: Uint8Array): boolean {
  return vstorOperation(answer) === VSTOR.COMPLETE_IO && vstorStatus(answer) === 0;
}
