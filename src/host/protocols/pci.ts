import { payloadWord, putWords, wordPayload } from './words.js';

/** Message types of PCI pass-through (drivers/pci/controller/pci-hyperv.c enum pci_message_type). */
export const PCI = {
  BUS_RELATIONS: 0x42490000,
  QUERY_BUS_RELATIONS: 0x42490001,
  QUERY_RESOURCE_REQUIREMENTS: 0x42490005,
  BUS_D0ENTRY: 0x42490007,
  BUS_D0EXIT: 0x42490008,
  EJECT: 0x4249000b,
  EJECTION_COMPLETE: 0x4249000f,
  RESOURCES_ASSIGNED: 0x42490010,
  RESOURCES_RELEASED: 0x42490011,
  INVALIDATE_BLOCK: 0x42490012,
  QUERY_PROTOCOL_VERSION: 0x42490013,
  CREATE_INTERRUPT_MESSAGE: 0x42490014,
  DELETE_INTERRUPT_MESSAGE: 0x42490015,
  RESOURCES_ASSIGNED2: 0x42490016,
  CREATE_INTERRUPT_MESSAGE2: 0x42490017,
  BUS_RELATIONS2: 0x42490019,
  CREATE_INTERRUPT_MESSAGE3: 0x4249001b,
} as const;

export const PCI_VERSION_1_1 = 0x10001;
export const PCI_VERSION_1_2 = 0x10002;
export const PCI_VERSION_1_3 = 0x10003;
export const PCI_VERSION_1_4 = 0x10004;

/** Protocol versions, newest first. */
export const pciVersions: readonly number[] = [
  PCI_VERSION_1_4,
  PCI_VERSION_1_3,
  PCI_VERSION_1_2,
  PCI_VERSION_1_1,
];

/** Status of an answer for a version that the host does not speak (STATUS_REVISION_MISMATCH). */
export const STATUS_REVISION_MISMATCH = 0xc0000059;
/** Status of an answer about something that is not there, or not in this state. */
export const STATUS_INVALID_DEVICE_STATE = 0xc0000184;

/** Bytes of struct pci_resources_assigned and pci_resources_assigned2: nothing behind the slot matters to Linux. */
const RESOURCES_BYTES = 148;
const RESOURCES2_BYTES = 202;

/** A message of the guest, with the words behind its type: a version, or a function's slot and more. */
export function pciMessage(type: number, ...words: readonly number[]): Uint8Array {
  return wordPayload(type, ...words);
}

/** The bus is ready for use; where its configuration space lies matters to nobody here (struct pci_bus_d0_entry). */
export function pciBusD0Entry(): Uint8Array {
  return wordPayload(PCI.BUS_D0ENTRY, 0, 0, 0);
}

/** What a function has been given, which a host of 1.2 and later is told in a longer message. */
export function pciResourcesAssigned(version: number, slot: number): Uint8Array {
  const isLong = version >= PCI_VERSION_1_2;
  const message = new Uint8Array(isLong ? RESOURCES2_BYTES : RESOURCES_BYTES);
  putWords(message, 0, isLong ? PCI.RESOURCES_ASSIGNED2 : PCI.RESOURCES_ASSIGNED, slot);
  return message;
}

/** An answer; negative statuses have the top bit. */
export function pciResponse(status: number): Uint8Array {
  return wordPayload(status);
}

export function pciWord(message: Uint8Array, index: number): number {
  return payloadWord(message, index);
}

/** True for a status that says that it went wrong. */
export function isFailure(answer: Uint8Array): boolean {
  return payloadWord(answer, 0) >>> 31 === 1;
}

/** Device and function as the host has them in one word, from those of PCI (devfn_to_wslot). */
export function devfnToSlot(devfn: number): number {
  return (devfn >>> 3) | ((devfn & 7) << 5);
}

/** wslot_to_devfn */
export function slotToDevfn(slot: number): number {
  return ((slot & 0x1f) << 3) | ((slot >>> 5) & 7);
}
