/** What has gone between a host and its guest, all channels together, those that are gone included. */
export class HostTotals {
  /** Events signalled to the guest. */
  signalled = 0;
  /** Those that found the event flag still set. */
  coalesced = 0;
  /** Those raised on a VP whose synic is off. */
  lost = 0;
  /** Control messages put into the slot. */
  messages = 0;
  /** Interrupts raised, for events and messages. */
  interrupts = 0;
  /** Signals of the guest. */
  guestSignals = 0;
  /** Those that found nothing to read, and no packet that waits for room and has it now. */
  needlessSignals = 0;
  /** Those that came before the host's event port was there. */
  lostGuestSignals = 0;
  /** Times that the host suspended the guest because of these. */
  throttled = 0;
}

/** Counts of a host, by name. */
export type HostTotalName = keyof HostTotals;
export const hostTotalNames = Object.keys(new HostTotals()) as readonly HostTotalName[];
