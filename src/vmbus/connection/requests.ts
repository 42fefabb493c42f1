import { Completion } from '../../machine/completion.js';
import { type Procedure, SharedWord } from '../../machine/step.js';
import type { VmbusChannel } from '../channel/channel.js';
import type { ChannelMessage } from '../protocol/channel-messages.js';

/** A message of the guest whose answer somebody waits for (struct vmbus_channel_msginfo). */
export class MessageRequest<Response extends ChannelMessage> {
  private readonly waitEvent: Completion;
  private response: Response | undefined;

  constructor(
    name: string,
    /** Tells whether a message is the answer, and keeps its type. */
    private readonly matches: (message: ChannelMessage) => message is Response,
    /** The channel that the request is about; its rescind ends the wait. */
    readonly waitingChannel: VmbusChannel | undefined,
  ) {
    this.waitEvent = new Completion(name);
  }

  /** Takes `message` if it is the answer. */
  take(message: ChannelMessage): boolean {
    if (!this.takesMore() || !this.matches(message)) return false;
    this.response = message;
    this.waitEvent.complete();
    return true;
  }

  /** False once it has its answer. */
  protected takesMore(): boolean {
    this.waitEvent.announceRead();
    return this.response === undefined;
  }

  /** Ends the wait without an answer. */
  abandon(): void {
    this.waitEvent.complete();
  }

  /** Waits for the answer; undefined if the channel was rescinded first. */
  *wait(): Procedure<Response | undefined> {
    yield* this.waitEvent.wait();
    return this.response;
  }
}

/**
 * Takes every answer that matches, as long as the request is on the list: the requests of Linux, which stay there until
 * their owners run (drivers/hv/channel_mgmt.c, the response handlers).
 */
export class RetakingRequest<Response extends ChannelMessage> extends MessageRequest<Response> {
  protected override takesMore(): boolean {
    return true;
  }
}

/** All requests that wait for an answer (vmbus_connection.chn_msg_list, which channelmsg_lock protects). */
export class RequestList {
  private readonly word = new SharedWord('chn_msg_list');
  private readonly requests: MessageRequest<ChannelMessage>[] = [];

  /** Number of requests that wait. */
  get size(): number {
    this.word.announceRead();
    return this.requests.length;
  }

  add(request: MessageRequest<ChannelMessage>): void {
    this.word.announce();
    this.requests.push(request);
  }

  remove(request: MessageRequest<ChannelMessage>): void {
    this.word.announce();
    const at = this.requests.indexOf(request);
    if (at >= 0) this.requests.splice(at, 1);
  }

  /** Gives an answer to whoever waits for it; false if nobody does. */
  answer(message: ChannelMessage): boolean {
    this.word.announceRead();
    return this.requests.some((request) => request.take(message));
  }

  /** Wakes whoever waits for an answer about `channel`, which has been rescinded. */
  abandon(channel: VmbusChannel): void {
    this.word.announceRead();
    for (const request of this.requests) if (request.waitingChannel === channel) request.abandon();
  }
}
