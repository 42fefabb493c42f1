import type { Ns } from '../../lib/brand.js';
import { ErrnoError } from '../../lib/errno.js';
import { WaitQueue } from '../../machine/completion.js';
import type { Procedure } from '../../machine/step.js';
import type { VmbusChannel } from '../../vmbus/channel/channel.js';
import type { ChannelOperations } from '../../vmbus/channel/open.js';
import { COMPLETION_REQUESTED } from '../../vmbus/ring/index.js';
import { tryToSend } from './packets.js';

/** How a request to the host is waited for. */
export interface RequestOptions {
  /** How long to wait for the answer; default: for ever. */
  readonly timeoutNs?: Ns;
  /** How often to look meanwhile whether the channel is still there; default: never. Goes without `timeoutNs`. */
  readonly lookNs?: Ns;
  /** Packet flags; default: the host is to send a completion. */
  readonly flags?: number;
}

/**
 * A driver's requests to the host over its device's primary channel, one after the other. The driver's callback hands
 * the answers over.
 *
 * pci-hyperv looks now and then whether the channel is still there (wait_for_response); the others go on when their
 * timeout is over, and netvsc, which has none, waits for ever.
 */
export class Conversation {
  private answer: Uint8Array | undefined;
  private transactionId = 0;
  /** Of the request whose answer is waited for. */
  private awaited: number | undefined;
  private readonly answered: WaitQueue;

  constructor(
    private readonly operations: ChannelOperations,
    private readonly channel: VmbusChannel,
    /** A rescind ends each wait at once. */
    private readonly endsWithRescind = false,
  ) {
    this.answered = new WaitQueue(
      `answer on channel ${channel.relid}`,
      () => this.answer !== undefined || this.isTakenBack,
    );
    channel.rescindWaits.add(this.answered);
  }

  /**
   * Sends a request and waits for the answer.
   *
   * @throws ErrnoError ETIMEDOUT if there is none in time; ENODEV if the channel is rescinded, or not open.
   */
  *request(payload: Uint8Array, options: RequestOptions = {}): Procedure<Uint8Array> {
    this.expect();
    this.send(payload, options.flags ?? COMPLETION_REQUESTED);
    this.awaited = this.transactionId;
    try {
      return yield* this.wait(options);
    } finally {
      this.awaited = undefined;
    }
  }

  /** True for the number of the request whose answer is waited for, until it is there (vmbus_request_addr_match). */
  awaits(transactionId: number): boolean {
    return this.awaited === transactionId;
  }

  /** Forgets an answer that came unasked for: the next one is waited for. */
  expect(): void {
    this.answer = undefined;
  }

  /** Waits for the host's next message. Throws as `request` does. */
  *wait({ timeoutNs, lookNs }: RequestOptions = {}): Procedure<Uint8Array> {
    if (lookNs !== undefined) yield* this.waitWhileThere(lookNs);
    else if (timeoutNs === undefined) yield* this.answered.wait();
    else yield* this.answered.waitTimeout(timeoutNs);
    const { answer, channel } = this;
    if (this.isTakenBack) throw goneError(channel);
    if (answer === undefined) {
      throw new ErrnoError('ETIMEDOUT', `the host did not answer on channel ${channel.relid}`);
    }
    return answer;
  }

  private *waitWhileThere(lookNs: Ns): Procedure<void> {
    while (this.answer === undefined) {
      if (this.channel.rescind) throw goneError(this.channel);
      yield* this.answered.waitTimeout(lookNs);
    }
  }

  private get isTakenBack(): boolean {
    return this.endsWithRescind && this.channel.rescind;
  }

  /** Sends something that has no answer. @throws ErrnoError as ChannelOperations.sendPacket. */
  send(payload: Uint8Array, flags = 0, type?: number): void {
    this.transactionId += 1;
    this.operations.sendPacket(this.channel, payload, this.transactionId, flags, type);
  }

  /** As `send`, for whoever can do nothing about a failure. */
  trySend(payload: Uint8Array, flags = 0, type?: number): boolean {
    return tryToSend(() => this.send(payload, flags, type));
  }

  /** The host's answer is there. */
  receive(answer: Uint8Array): void {
    this.awaited = undefined;
    this.answer = answer;
    this.answered.wakeUp();
  }
}

/** Why nothing more comes over a channel that was rescinded. */
export function goneError({ relid }: VmbusChannel): ErrnoError {
  return new ErrnoError('ENODEV', `the host took channel ${relid} back`);
}
