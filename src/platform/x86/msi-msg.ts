import type { CpuId } from '../../lib/brand.js';
import type { MsiMsg } from '../../irq/data/irqdata.js';

/** Where the local APICs listen (X86_MSI_BASE_ADDRESS_LOW). */
const MSI_BASE_ADDRESS = 0xfee00000;
const DEST_ID_SHIFT = 12;

/**
 * The message that gives `vector` to `cpu`, by physical destination (arch/x86/kernel/apic/apic.c
 * __irq_msi_compose_msg). The model's APIC ids are CPU numbers; those above 255 lie in the upper half.
 */
export function composeMsiMsg(cpu: CpuId, vector: number): MsiMsg {
  return {
    addressHi: cpu & ~0xff,
    addressLo: (MSI_BASE_ADDRESS | ((cpu & 0xff) << DEST_ID_SHIFT)) >>> 0,
    data: vector,
  };
}

/** Whom a message interrupts; undefined: it is not for the local APICs, such as the zeros of one that was taken back. */
export function decodeMsiMsg({
  addressHi,
  addressLo,
  data,
}: MsiMsg): { cpu: CpuId; vector: number } | undefined {
  if ((addressLo & 0xfff00000) >>> 0 !== MSI_BASE_ADDRESS) return undefined;
  return { cpu: addressHi | ((addressLo >>> DEST_ID_SHIFT) & 0xff), vector: data & 0xff };
}
