import { CHANNELMSG, decodeMessage } from '../vmbus/protocol/channel-messages.js';
import type { Latencies } from './latency.js';
import { type HostSchedule, Lane } from './schedule.js';
import type { VmbusServer } from './vmbus-server.js';

/** The way of the guest's control messages to the server: each takes its time, and they keep their order. */
export class ControlPath {
  private readonly control: Lane;
  /** Others overtake a MODIFYCHANNEL. */
  private readonly modify: Lane;

  constructor(
    private readonly server: VmbusServer,
    schedule: HostSchedule,
    private readonly latency: Latencies,
  ) {
    this.control = new Lane(schedule);
    this.modify = new Lane(schedule);
  }

  /** The guest has posted a message. */
  post(bytes: Uint8Array): void {
    const { server, latency } = this;
    const message = decodeMessage(bytes);
    const handle = () => server.receive(message);
    switch (message.type) {
      case CHANNELMSG.MODIFYCHANNEL:
        // A host that takes for ever never does it.
        if (latency.modifyChannelNs !== Number.POSITIVE_INFINITY && server.takesModify(message))
          this.modify.after(latency.modifyChannelNs, handle);
        return;
      case CHANNELMSG.OPENCHANNEL:
        this.control.after(latency.openNs, handle);
        return;
      case CHANNELMSG.GPADL_HEADER:
      case CHANNELMSG.GPADL_BODY: {
        // One answer to several messages: its time counts from the last of them.
        const created = server.addToGpadl(message);
        if (created !== undefined) this.control.after(latency.gpadlNs, () => server.gpadlCreated(created));
        return;
      }
      default:
        this.control.after(latency.messageNs, handle);
    }
  }
}
