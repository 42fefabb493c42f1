import { PAGE_OFFSET_TEXT } from '../c-type.js';

/** Where the kernel's text begins, without KASLR. */
const TEXT_START = 0xffffffff81000000n;
const FUNCTION_BYTES = 0x40n;

/** Addresses of what events name: the binary form has numbers only, and readers find the names in /proc/kallsyms. */
export class AddressSpace {
  private readonly functions = new Map<string, bigint>();

  /** Of a function by name, or of memory as its address or its place in the kernel's map (CType `symbol`, `pointer`). */
  addressOf(value: string | number): bigint {
    if (typeof value === 'number') return BigInt(PAGE_OFFSET_TEXT) + BigInt(value);
    if (value.startsWith('0x')) return BigInt(value);
    let address = this.functions.get(value);
    if (address === undefined) {
      address = TEXT_START + FUNCTION_BYTES * BigInt(this.functions.size);
      this.functions.set(value, address);
    }
    return address;
  }

  /** The function that an address is in, of those that were asked for. */
  functionAt(address: bigint): string | undefined {
    const found = [...this.functions].find(([, from]) => from <= address && address < from + FUNCTION_BYTES);
    return found?.[0];
  }

  /** /proc/kallsyms, of the functions that were asked for. @param shown false: all addresses are 0. */
  kallsyms(shown = true): string {
    return [...this.functions]
      .map(([name, address]) => `${(shown ? address : 0n).toString(16).padStart(16, '0')} t ${name}\n`)
      .join('');
  }
}
