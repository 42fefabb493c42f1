import type { CpuId } from '../../lib/brand.js';
import { PCI, PCI_VERSION_1_2, PCI_VERSION_1_4 } from './pci.js';
import { payloadWord, wordPayload } from './words.js';

// Making and forgetting the messages of a function (drivers/pci/controller/pci-hyperv.c). Structures are packed, and
// those of 1.2 and later are no whole words long.

/** APIC_DELIVERY_MODE_FIXED on x86; on arm64 0, too. */
const DELIVERY_MODE = 0;
const CPU_AFFINITY_ALL = 0xffffffff;
/** CPUs that fit into struct hv_msi_desc2 and hv_msi_desc3. */
const PROCESSORS = 32;
const CREATE2_BYTES = 8 + 6 + 2 * PROCESSORS;
const CREATE3_BYTES = 8 + 10 + 2 * PROCESSORS;

/** What the guest wants to be interrupted by (struct hv_msi_desc and its successors). */
export interface PciInterruptRequest {
  readonly slot: number;
  readonly vector: number;
  /** Vectors in a row. */
  readonly vectorCount: number;
  /** Virtual processor; undefined: any, which is all that can be asked for in 1.1. */
  readonly vp?: CpuId;
}

/** What a function has to send for it (struct tran_int_desc). */
export interface PciInterruptMessage {
  readonly vectorCount: number;
  readonly data: number;
  readonly addressLo: number;
  readonly addressHi: number;
}

/** The request in the message of a protocol version. */
export function createInterruptMessage(version: number, request: PciInterruptRequest): Uint8Array {
  const { slot, vector, vectorCount, vp = 0 } = request;
  if (version < PCI_VERSION_1_2) {
    const descriptor = (vector & 0xff) | (DELIVERY_MODE << 8) | (vectorCount << 16);
    const all = [CPU_AFFINITY_ALL, CPU_AFFINITY_ALL];
    return wordPayload(PCI.CREATE_INTERRUPT_MESSAGE, slot, descriptor >>> 0, 0, ...all);
  }
  const isWide = version >= PCI_VERSION_1_4;
  const message = new Uint8Array(isWide ? CREATE3_BYTES : CREATE2_BYTES);
  const view = new DataView(message.buffer);
  view.setUint32(0, isWide ? PCI.CREATE_INTERRUPT_MESSAGE3 : PCI.CREATE_INTERRUPT_MESSAGE2, true);
  view.setUint32(4, slot, true);
  if (isWide) view.setUint32(8, vector, true);
  else view.setUint8(8, vector);
  const at = isWide ? 12 : 9;
  view.setUint8(at, DELIVERY_MODE);
  const counts = isWide ? at + 2 : at + 1;
  view.setUint16(counts, vectorCount, true);
  view.setUint16(counts + 2, 1, true);
  view.setUint16(counts + 4, vp, true);
  return message;
}

/** The request in a message of any version; undefined: it is none, or too short. */
export function interruptRequestOf(message: Uint8Array): PciInterruptRequest | undefined {
  const view = new DataView(message.buffer, message.byteOffset, message.byteLength);
  const slot = payloadWord(message, 1);
  switch (payloadWord(message, 0)) {
    case PCI.CREATE_INTERRUPT_MESSAGE:
      if (message.length < 24) return undefined;
      return { slot, vector: view.getUint8(8), vectorCount: view.getUint16(10, true) };
    case PCI.CREATE_INTERRUPT_MESSAGE2:
      if (message.length < CREATE2_BYTES) return undefined;
      return {
        slot,
        vector: view.getUint8(8),
        vectorCount: view.getUint16(10, true),
        vp: view.getUint16(14, true),
      };
    case PCI.CREATE_INTERRUPT_MESSAGE3:
      if (message.length < CREATE3_BYTES) return undefined;
      return {
        slot,
        vector: view.getUint32(8, true),
        vectorCount: view.getUint16(14, true),
        vp: view.getUint16(18, true),
      };
    default:
      return undefined;
  }
}

function translated({ vectorCount, data, addressLo, addressHi }: PciInterruptMessage): number[] {
  return [(vectorCount << 16) >>> 0, data, addressLo, addressHi];
}

function translatedAt(message: Uint8Array, at: number): PciInterruptMessage {
  return {
    vectorCount: payloadWord(message, at) >>> 16,
    data: payloadWord(message, at + 1),
    addressLo: payloadWord(message, at + 2),
    addressHi: payloadWord(message, at + 3),
  };
}

/** The host has made an interrupt, or a status says why not (struct pci_create_int_response). */
export function createInterruptResponse(status: number, made?: PciInterruptMessage): Uint8Array {
  return wordPayload(status, 0, ...(made === undefined ? [0, 0, 0, 0] : translated(made)));
}

/** What the host has made; undefined: the answer is too short to say. */
export function interruptMadeOf(response: Uint8Array): PciInterruptMessage | undefined {
  return response.length < 24 ? undefined : translatedAt(response, 2);
}

/** The guest does not need an interrupt any more (struct pci_delete_interrupt). */
export function deleteInterruptMessage(slot: number, made: PciInterruptMessage): Uint8Array {
  return wordPayload(PCI.DELETE_INTERRUPT_MESSAGE, slot, ...translated(made));
}

export function interruptDeletedOf(message: Uint8Array): PciInterruptMessage {
  return translatedAt(message, 2);
}
