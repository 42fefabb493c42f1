import type { KernelLog } from '../machine/log.js';
import type { Procedure } from '../machine/step.js';
import { HV_E_FAIL, ICMSGTYPE, IcMessage } from '../host/protocols/icmsg.js';
import { callbackMode, type VmbusChannel } from '../vmbus/channel/channel.js';
import type { VmbusDevice } from '../vmbus/driver.js';
import { deviceClassId } from '../vmbus/protocol/class-ids.js';
import { tryToSend } from './conversation/packets.js';
import { VscDriver, type VspClient } from './conversation/vsc-driver.js';
import { injectable, injectFromBase } from './injection.js';

/** One integration service, as the guest knows it. */
interface IntegrationService {
  /** What the log calls it. */
  readonly name: string;
  /** Versions of its messages that the guest understands. */
  readonly versions: readonly string[];
  /** Type of its requests (ICMSGTYPE). */
  readonly type: number;
  /** Makes a request the answer to itself; without it the request goes back as it came. */
  readonly answer?: (request: IcMessage, log: KernelLog) => void;
}

/** The services by the names of their device classes. */
const services: Readonly<Record<string, IntegrationService>> = {
  heartbeat: {
    name: 'Heartbeat',
    versions: ['3.0', '1.0'],
    type: ICMSGTYPE.HEARTBEAT,
    answer: (request) => request.setWord(0, request.word(0) + 1),
  },
  timesync: { name: 'TimeSync', versions: ['4.0', '3.0', '1.0'], type: ICMSGTYPE.TIMESYNC },
  shutdown: {
    name: 'Shutdown',
    versions: ['3.2', '3.1', '3.0', '1.0'],
    type: ICMSGTYPE.SHUTDOWN,
    answer: answerShutdown,
  },
  kvp: { name: 'KVP', versions: ['4.0', '3.0', '1.0'], type: ICMSGTYPE.KVPEXCHANGE },
  vss: { name: 'VSS', versions: ['5.0'], type: ICMSGTYPE.VSS },
  fcopy: { name: 'FCopy', versions: ['1.1', '1.0'], type: ICMSGTYPE.FCOPY },
};

/** What each kind of shutdown request says in the log. */
const shutdownRequests: readonly string[] = [
  'Shutdown request received - graceful shutdown initiated',
  'Restart request received - graceful restart initiated',
  'Hibernation request received',
];

/**
 * The integration services (drivers/hv/hv_util.c): the host begins, the guest turns each message into the answer. The
 * daemons behind KVP, VSS and file copy are taken to run; a request to shut down is answered and not obeyed.
 */
@injectable()
@injectFromBase()
export class UtilDriver extends VscDriver {
  readonly name = 'hv_utils';
  readonly greeting = 'hv_utils: Registering HyperV Utility Driver';
  readonly farewell = 'hv_utils: De-Registered HyperV Utility Driver';
  readonly classIds = Object.keys(services)
    .filter((name) => name !== 'fcopy' || this.operations.kernel.fcopyInUtils)
    .map(deviceClassId);
  /** 12 KiB of data and the header (HV_UTIL_RING_SEND_SIZE). */
  protected readonly ringPages = 4;

  /** Sets the callback mode before opening: these messages need no batched reading (util_probe, util_resume). */
  protected override *open(device: VmbusDevice): Procedure<VspClient> {
    device.channel.callbackMode = callbackMode.direct;
    return yield* super.open(device);
  }

  protected client({ channel }: VmbusDevice): VspClient {
    return {
      receive: ({ payload, transactionId }) => {
        const message = new IcMessage(payload);
        if (!message.isComplete) return;
        turnIntoAnswer(message, channel);
        tryToSend(() => this.operations.sendPacket(channel, message.bytes, transactionId));
      },
      *connectToVsp() {},
    };
  }
}

/** Fills in the guest's part of the host's own message, which goes back (heartbeat_onchannelcallback and the like). */
function turnIntoAnswer(message: IcMessage, { deviceClass, machine }: VmbusChannel): void {
  const service = services[deviceClass.name];
  if (message.type === ICMSGTYPE.NEGOTIATE) negotiate(message, service, machine.log);
  else if (message.type === service?.type) service.answer?.(message, machine.log);
  message.makeResponse();
}

/**
 * Agrees on the version of a service's messages (vmbus_prep_negotiate_resp), where the host offers one of the framework
 * and one of the messages, as Hyper-V's model does.
 */
function negotiate(message: IcMessage, service: IntegrationService | undefined, log: KernelLog): void {
  const offered = message.word(3);
  const version = `${offered & 0xffff}.${offered >>> 16}`;
  if (service?.versions.includes(version)) log.printk(`hv_utils: ${service.name} IC version ${version}`);
  else message.setWord(0, 0);
}

/** shutdown_onchannelcallback; bit 0 of the flags stands for "by force", which Linux always does. */
function answerShutdown(request: IcMessage, log: KernelLog): void {
  const text = shutdownRequests[request.word(2) >>> 1];
  request.status = text === undefined ? HV_E_FAIL : 0;
  log.printk(`hv_utils: ${text ?? 'Shutdown request received - Invalid request'}`);
}
