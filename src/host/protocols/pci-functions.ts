import { PCI, PCI_VERSION_1_4 } from './pci.js';
import { payloadWord, wordPayload } from './words.js';

/** A function on a passed-through bus, as the host describes it (struct pci_function_description2). */
export interface PciFunctionDescription {
  /** Device and function, as devfnToSlot makes it. */
  readonly slot: number;
  readonly vendor: number;
  readonly device: number;
  readonly revision: number;
  /** Base class, subclass and programming interface, in 24 bits. */
  readonly classCode: number;
  /** Subsystem's device above, its vendor below. */
  readonly subsystem: number;
  /** By which a virtual function is found that belongs to a network adapter. */
  readonly serial: number;
  /** Virtual NUMA node; undefined: the host does not say (HV_PCI_DEVICE_FLAG_NUMA_AFFINITY). */
  readonly node?: number;
}

const NUMA_AFFINITY = 1;
const WORDS = 5;
const WORDS2 = 7;

/** The host lists all functions on the bus; to a guest of 1.4 and later with their NUMA nodes. */
export function pciBusRelations(version: number, functions: readonly PciFunctionDescription[]): Uint8Array {
  const isLong = version >= PCI_VERSION_1_4;
  const words = functions.flatMap((one) => {
    const { vendor, device, revision, classCode, subsystem, slot, serial, node } = one;
    const basic = [vendor | (device << 16), revision | (classCode << 8), subsystem, slot, serial];
    return isLong ? [...basic, node === undefined ? 0 : NUMA_AFFINITY, node ?? 0] : basic;
  });
  return wordPayload(isLong ? PCI.BUS_RELATIONS2 : PCI.BUS_RELATIONS, functions.length, ...words);
}

/** The functions of a BUS_RELATIONS or BUS_RELATIONS2 message; undefined: it is shorter than it says. */
export function functionsOf(relations: Uint8Array): PciFunctionDescription[] | undefined {
  const isLong = payloadWord(relations, 0) === PCI.BUS_RELATIONS2;
  const size = isLong ? WORDS2 : WORDS;
  const count = payloadWord(relations, 1);
  if (relations.length < 8 + count * size * 4) return undefined;
  return Array.from({ length: count }, (_, i) => {
    const word = (index: number): number => payloadWord(relations, 2 + i * size + index);
    return {
      vendor: word(0) & 0xffff,
      device: word(0) >>> 16,
      revision: word(1) & 0xff,
      classCode: word(1) >>> 8,
      subsystem: word(2),
      slot: word(3),
      serial: word(4),
      ...(isLong && (word(5) & NUMA_AFFINITY) !== 0 && { node: word(6) & 0xffff }),
    };
  });
}
