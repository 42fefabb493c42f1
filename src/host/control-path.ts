import { CHANNELMSG, decodeMessage } from '../vmbus/protocol/channel-messages.js';
import type { Ns } from '../lib/brand.js';
import type { Latencies } from './latency.js';
import { type HostSchedule, Lane } from './schedule.js';
import type { VmbusServer } from './vmbus-server.js';

/** The way of the guest's control messages to the server: each takes its time, and they keep their order. */
export class ControlPath {
  private readonly control: Lane;
  /** Others overtake a MODIFYCHANNEL. */
  private readonly modify: Lane;
  /** Messages that the host has taken and not dealt with. */
  private held = 0;

  constructor(
    private readonly server: VmbusServer,
    schedule: HostSchedule,
    private readonly latency: Latencies,
    /** The most that it can hold. */
    public buffers = Number.POSITIVE_INFINITY,
  ) {
    this.control = new Lane(schedule);
    this.modify = new Lane(schedule);
  }

  /** There is a buffer for one more message. */
  get hasRoom(): boolean {
    return this.held < this.buffers;
  }

  /** The guest has posted a message, which there is a buffer for. */
  post(bytes: Uint8Array): void {
    const { server, latency } = this;
    const message = decodeMessage(bytes);
    const handle = () => server.receive(message);
    switch (message.type) {
      case CHANNELMSG.MODIFYCHANNEL:
        // A host that takes for ever never does it.
        if (latency.modifyChannelNs !== Number.POSITIVE_INFINITY && server.takesModify(message))
          this.hold(this.modify, latency.modifyChannelNs, handle);
        return;
      case CHANNELMSG.OPENCHANNEL:
        this.hold(this.control, latency.openNs, handle);
        return;
      case CHANNELMSG.GPADL_HEADER:
      case CHANNELMSG.GPADL_BODY: {
        // One answer to several messages: its time counts from the last of them.
        const created = server.addToGpadl(message);
        if (created !== undefined)
          this.hold(this.control, latency.gpadlNs, () => server.gpadlCreated(created));
        return;
      }
      default:
        this.hold(this.control, latency.messageNs, handle);
    }
  }

  /** A message has a buffer until it is dealt with. */
  private hold(lane: Lane, ns: Ns, handle: () => void): void {
    this.held += 1;
    lane.after(ns, () => {
      this.held -= 1;
      handle();
    });
  }
}
