import type { Ns } from '../../lib/brand.js';
import { HV_E_FAIL, ICMSG_HEADER_BYTES, ICMSGTYPE, IcMessage, VSS_OP } from '../../host/protocols/icmsg.js';
import type { ClockEvent } from '../../machine/clock.js';
import { systemWq } from '../../machine/workqueue.js';
import type { VmbusChannel } from '../../vmbus/channel/channel.js';
import type { ChannelOperations } from '../../vmbus/channel/open.js';
import { tryToSend } from '../conversation/packets.js';
import { prepNegotiateResp } from './negotiate.js';
import type { IntegrationService } from './services.js';

/** How long a host that asks for versions waits for the KVP daemon before it is looked at once more. */
const HV_UTIL_NEGO_TIMEOUT_NS: Ns = 55_000_000_000;

/** What each kind of shutdown request says in the log; bit 0 stands for "by force", which Linux always does. */
const shutdownRequests: readonly string[] = [
  'Shutdown request received - graceful shutdown initiated',
  'Restart request received - graceful restart initiated',
  'Hibernation request received',
];
const HIBERNATE = 2;

/** Requests of VSS that the daemon has to do something for. */
const forDaemon: readonly number[] = [VSS_OP.HOT_BACKUP, VSS_OP.FREEZE, VSS_OP.THAW];

/**
 * The guest's part of one integration service: it takes the host's messages, and gives each back as the answer
 * (heartbeat_onchannelcallback, hv_kvp_onchannelcallback and the like).
 */
export class UtilSession {
  /** Of the service's messages. */
  private agreed = 0;
  /** User space is there for requests, as far as the driver knows (HVUTIL_READY). */
  private ready: boolean;
  private handshake: ClockEvent | undefined;

  constructor(
    private readonly operations: ChannelOperations,
    private readonly channel: VmbusChannel,
    private readonly service: IntegrationService,
    private readonly hasDaemon: boolean,
  ) {
    this.ready = service.daemon === undefined || hasDaemon;
  }

  /** The channel's callback. */
  onChannel(): void {
    if (this.service.daemon === 'kvp' && !this.ready) this.waitForDaemon();
    else while (this.receive() && this.service.readsAll);
  }

  /** No request is under way when the guest goes to sleep (hv_kvp_pre_suspend, hv_vss_pre_suspend). */
  suspended(): void {
    this.ended();
    this.ready = true;
  }

  /** Waits for nothing any more. */
  ended(): void {
    if (this.handshake !== undefined) this.channel.machine.clock.cancel(this.handshake);
    this.handshake = undefined;
  }

  /** The host's offer of versions stays in the ring until the daemon is there. */
  private waitForDaemon(): void {
    if (this.handshake !== undefined) return;
    this.handshake = { fire: () => this.poll() };
    this.channel.machine.clock.after(HV_UTIL_NEGO_TIMEOUT_NS, this.handshake);
  }

  /** Takes one packet (vmbus_recvpacket). @returns false if there is none, or it ends the reading. */
  private receive(): boolean {
    const { operations, channel, service } = this;
    const inbound = channel.rings?.inbound;
    if (inbound === undefined || !inbound.next()) return false;
    const bytes = inbound.payload();
    const { transactionId } = inbound;
    if (inbound.pktIterClose()) operations.setEvent(channel);
    if (bytes.length === 0) return false;
    if (bytes.length < ICMSG_HEADER_BYTES) {
      this.say(`${service.requests} request received. Packet length too small: ${bytes.length}`);
      return false;
    }
    return this.handle(new IcMessage(bytes), transactionId);
  }

  private handle(message: IcMessage, transactionId: number): boolean {
    const { service } = this;
    let after: (() => void) | undefined;
    if (message.type === ICMSGTYPE.NEGOTIATE) {
      after = this.negotiate(message);
    } else if (message.type === service.type) {
      const { length } = message.bytes;
      if (length < ICMSG_HEADER_BYTES + service.bytes(this.agreed)) {
        this.say(`${service.tooSmall(this.agreed)}: ${length}`);
        return false;
      }
      after = this.request(message);
    } else {
      this.say(`${service.requests} request received. Invalid msg type: ${message.type}`);
      if (service.daemon !== undefined) return false;
      message.status = HV_E_FAIL;
    }
    message.makeResponse();
    tryToSend(() => this.operations.sendPacket(this.channel, message.bytes, transactionId));
    after?.();
    return true;
  }

  /** @returns what is done when the answer is on its way. */
  private negotiate(message: IcMessage): (() => void) | undefined {
    const { name, frameworks, versions, daemon } = this.service;
    const version = prepNegotiateResp(message, frameworks, versions, this.operations);
    if (version !== undefined) {
      this.agreed = version;
      this.say(`${name} IC version ${version >>> 16}.${version & 0xffff}`);
    }
    return daemon === 'kvp' ? () => this.poll() : undefined;
  }

  private request(message: IcMessage): (() => void) | undefined {
    switch (this.service.type) {
      case ICMSGTYPE.HEARTBEAT:
        message.setWord(0, message.word(0) + 1);
        if (message.word(0) === 0) message.setWord(1, message.word(1) + 1);
        return undefined;
      case ICMSGTYPE.SHUTDOWN:
        return this.shutdown(message);
      case ICMSGTYPE.VSS:
        return this.vss(message);
      case ICMSGTYPE.KVPEXCHANGE:
      case ICMSGTYPE.FCOPY:
        message.status = this.hasDaemon ? 0 : HV_E_FAIL;
        return this.ready ? () => this.poll() : undefined;
      default:
        return undefined;
    }
  }

  /** shutdown_onchannelcallback */
  private shutdown(message: IcMessage): (() => void) | undefined {
    const kind = message.word(2) >>> 1;
    const text = shutdownRequests[kind];
    message.status = text === undefined ? HV_E_FAIL : 0;
    this.say(text ?? 'Shutdown request received - Invalid request');
    if (kind !== HIBERNATE) return undefined;
    const sent = (): void => this.say('Sent hibernation uevent');
    const { machine } = this.channel;
    return () => {
      systemWq(machine).queue(function* () {
        sent();
      });
    };
  }

  /** vss_handle_request; any request that is not for the daemon makes the driver believe that there is one. */
  private vss(message: IcMessage): (() => void) | undefined {
    if (forDaemon.includes(message.word(0) & 0xff)) {
      if (!this.hasDaemon) {
        message.status = HV_E_FAIL;
        if (this.ready) this.say('VSS: failed to communicate to the daemon: -22');
        return undefined;
      }
    } else this.ready = true;
    message.status = 0;
    return () => this.poll();
  }

  /** The transaction is over: looks for the next message (hv_poll_channel). */
  private poll(): void {
    const { machine, callbackEvent } = this.channel;
    machine.cpus[machine.thisCpu].taskletSchedule(callbackEvent);
  }

  private say(text: string): void {
    this.channel.machine.log.printk(`hv_utils: ${text}`);
  }
}
