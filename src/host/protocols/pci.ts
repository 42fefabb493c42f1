import { payloadWord, wordPayload } from './words.js';

/** Message types of PCI pass-through (drivers/pci/controller/pci-hyperv.c enum pci_message_type). */
export const PCI = {
  BUS_RELATIONS: 0x42490000,
  QUERY_BUS_RELATIONS: 0x42490001,
  QUERY_RESOURCE_REQUIREMENTS: 0x42490005,
  BUS_D0ENTRY: 0x42490007,
  QUERY_PROTOCOL_VERSION: 0x42490013,
  RESOURCES_ASSIGNED2: 0x42490016,
} as const;

/** Protocol versions, newest first: 1.4 to 1.1. */
export const pciVersions: readonly number[] = [0x10004, 0x10003, 0x10002, 0x10001];

/** Status of an answer for a version that the host does not speak (STATUS_REVISION_MISMATCH). */
export const STATUS_REVISION_MISMATCH = 0xc0000059;

/** A message of the guest, with the first word behind its type: a version, or a device's slot. */
export function pciMessage(type: number, argument = 0): Uint8Array {
  return wordPayload(type, argument);
}

/** An answer; negative statuses have the top bit. */
export function pciResponse(status: number): Uint8Array {
  return wordPayload(status);
}

/** The host names the slots of all devices on the bus. */
export function pciBusRelations(slots: readonly number[]): Uint8Array {
  return wordPayload(PCI.BUS_RELATIONS, slots.length, ...slots);
}

/** The slots in a BUS_RELATIONS message, as far as they are in it. */
export function slotsOf(relations: Uint8Array): number[] {
  const count = Math.min(payloadWord(relations, 1), relations.length / 4 - 2);
  return Array.from({ length: Math.max(0, count) }, (_, i) => payloadWord(relations, i + 2));
}

export function pciWord(message: Uint8Array, index: number): number {
  return payloadWord(message, index);
}
