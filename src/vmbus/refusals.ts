import type { ProtocolReason } from './protocol/channel-messages.js';
import type { RingError } from './ring/index.js';

/**
 * What a host may not do and a guest does not follow, by name. In a confidential VM the host is not trusted, so each of
 * these leaves the guest as it was; Linux mostly says nothing about them, here they are counted.
 */
export type Refusal =
  /** Bytes that are no message of the protocol. */
  | `message-${ProtocolReason}`
  /** A message slot that claims more bytes than a slot has. */
  | 'message-slot-size'
  /** A message that only guests send. */
  | 'message-of-the-guest'
  /** An answer that no request waits for: a second one, one to nobody's request, one to the wrong channel. */
  | 'response-nobody-waits-for'
  /** The completion of an I/O or a frame that is not under way. */
  | 'packet-nobody-waits-for'
  /** An offer or its rescind before guest and host have agreed on a version. */
  | 'offer-without-connection'
  /** A device that an isolated guest does not take from its host (vmbus_is_valid_offer). */
  | 'offer-not-allowed-in-isolated'
  /** Encrypted memory of packets, but no encrypted rings. */
  | 'offer-without-encrypted-ring'
  /** Encryption where guest and host did not agree on it. */
  | 'offer-not-confidential'
  /** A relid that no channel can have: 0, or 2048 and above. */
  | 'offer-relid-out-of-range'
  /** A relid that another channel has. */
  | 'offer-relid-in-use'
  /** A primary channel with the instance of one that exists. */
  | 'offer-of-existing-device'
  /** A sub-channel with the index of one that exists. */
  | 'offer-sub-channel-index-in-use'
  /** The device's driver has no use for it: it asked for none, or for fewer. The channel stays closed. */
  | 'offer-sub-channel-nobody-asked-for'
  /** The end of a channel that there is not. */
  | 'rescind-of-unknown-relid'
  /** The end of a channel whose end is under way. */
  | 'rescind-twice'
  /** The event flag of relid 0, which is the control path. */
  | 'event-for-relid-0'
  /** An event flag whose relid no usable channel has. */
  | 'event-without-channel'
  /** An index or packet that cannot be: the ring is used no more. */
  | `ring-${RingError}`;
