/** Names of bits in the order that the kernel lists them. */
export type BitNames = readonly (readonly [name: string, bit: number])[];

/** One name a line, indented by 12 columns and `indent` more (irq_debug_show_bits). */
export function bits(value: number, names: BitNames, indent = 0): string {
  const set = names.filter(([, bit]) => (value & bit) !== 0);
  return set.map(([name]) => `${' '.repeat(indent + 12)}${name}\n`).join('');
}

export function hex(value: number, digits = 1): string {
  return `0x${(value >>> 0).toString(16).padStart(digits, '0')}`;
}
