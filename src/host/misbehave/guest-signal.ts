import type { Relid } from '../../lib/brand.js';
import type { HostChannel } from '../device.js';
import type { Sent } from './sent.js';

/** A signal of the guest on its way to the host, which may lose it, be late to hear it, or hear it twice. */
export class GuestSignal implements Sent {
  readonly kind = 'guestSignal';
  readonly type = 0;

  constructor(
    private readonly channel: HostChannel,
    private readonly hear: (channel: HostChannel) => void,
  ) {}

  get relid(): Relid {
    return this.channel.relid;
  }

  send(): void {
    this.hear(this.channel);
  }

  /** There is nothing in it that could be wrong. */
  sendCorrupted(): void {
    this.send();
  }
}
