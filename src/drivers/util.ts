import type { Procedure } from '../machine/step.js';
import { HV_E_FAIL, ICMSGTYPE, IcMessage } from '../host/protocols/util.js';
import { callbackMode, type VmbusChannel } from '../vmbus/channel/channel.js';
import { ChannelOperations } from '../vmbus/channel/open.js';
import { deviceClassId } from '../vmbus/protocol/class-ids.js';
import type { VmbusDevice, VmbusDriver } from '../vmbus/driver.js';
import { packetCallback, tryToSend } from './support/packets.js';
import { inject, injectable } from './injection.js';

/** Pages of each ring: 12 KiB of data and the header (HV_UTIL_RING_SEND_SIZE). */
const RING_PAGES = 4;

/** What each service is called in the log, and the versions of its messages, by device class. */
const services: Readonly<Record<string, { readonly name: string; readonly versions: readonly string[] }>> = {
  heartbeat: { name: 'Heartbeat', versions: ['3.0', '1.0'] },
  timesync: { name: 'TimeSync', versions: ['4.0', '3.0', '1.0'] },
  shutdown: { name: 'Shutdown', versions: ['3.2', '3.1', '3.0', '1.0'] },
  kvp: { name: 'KVP', versions: ['4.0', '3.0', '1.0'] },
  vss: { name: 'VSS', versions: ['5.0'] },
  fcopy: { name: 'FCopy', versions: ['1.1', '1.0'] },
};

/** What each kind of shutdown request says in the log. */
const shutdownRequests: readonly string[] = [
  'Shutdown request received - graceful shutdown initiated',
  'Restart request received - graceful restart initiated',
  'Hibernation request received',
];

/**
 * The integration services (drivers/hv/hv_util.c): the host begins, the guest turns each message into the answer. The
 * daemons behind KVP, VSS and file copy are taken to run; a request to shut down is answered and not followed.
 */
@injectable()
export class UtilDriver implements VmbusDriver {
  readonly name = 'hv_utils';
  readonly greeting = 'hv_utils: Registering HyperV Utility Driver';
  readonly classIds = [
    deviceClassId('heartbeat'),
    deviceClassId('timesync'),
    deviceClassId('shutdown'),
    deviceClassId('kvp'),
    deviceClassId('vss'),
    deviceClassId('fcopy'),
  ];
  readonly probesAsynchronously = true;

  constructor(@inject(ChannelOperations) private readonly operations: ChannelOperations) {}

  /** util_probe */
  *probe({ channel }: VmbusDevice): Procedure<void> {
    channel.callbackMode = callbackMode.direct;
    yield* this.operations.open(channel, {
      callback: packetCallback(this.operations, ({ payload, transactionId }) => {
        this.answer(channel, new IcMessage(payload), transactionId);
      }),
      ringPages: RING_PAGES,
    });
  }

  /** util_remove */
  *remove(device: VmbusDevice): Procedure<void> {
    yield* this.operations.close(device.channel);
  }

  /** util_suspend */
  *suspend(device: VmbusDevice): Procedure<void> {
    yield* this.operations.close(device.channel);
  }

  /** util_resume */
  *resume(device: VmbusDevice): Procedure<void> {
    yield* this.probe(device);
  }

  private answer(channel: VmbusChannel, message: IcMessage, transactionId: number): void {
    if (!message.isComplete) return;
    if (message.type === ICMSGTYPE.NEGOTIATE) negotiate(channel, message);
    if (message.type === ICMSGTYPE.HEARTBEAT) message.setWord(0, message.word(0) + 1);
    if (message.type === ICMSGTYPE.SHUTDOWN) answerShutdown(channel, message);
    message.makeResponse();
    tryToSend(() => this.operations.sendPacket(channel, message.bytes, transactionId));
  }
}

/**
 * Agrees on the version of a service's messages (vmbus_prep_negotiate_resp), where the host offers one of the framework
 * and one of the messages, as Hyper-V's model does.
 */
function negotiate(channel: VmbusChannel, message: IcMessage): void {
  const offered = message.word(3);
  const version = `${offered & 0xffff}.${offered >>> 16}`;
  const service = services[channel.deviceClass.name];
  if (service?.versions.includes(version)) {
    channel.machine.log.printk(`hv_utils: ${service.name} IC version ${version}`);
  } else message.setWord(0, 0);
}

/** shutdown_onchannelcallback; bit 0 of the flags stands for "by force", which Linux always does. */
function answerShutdown(channel: VmbusChannel, message: IcMessage): void {
  const text = shutdownRequests[message.word(2) >>> 1];
  message.status = text === undefined ? HV_E_FAIL : 0;
  channel.machine.log.printk(`hv_utils: ${text ?? 'Shutdown request received - Invalid request'}`);
}
