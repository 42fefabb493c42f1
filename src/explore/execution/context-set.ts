/** Sets of contexts are bits of one integer: bit n stands for the context with number n. */
export const MAX_CONTEXTS = 31;

/** Number of contexts in the set. */
export function bits(mask: number): number {
  let count = 0;
  for (let rest = mask; rest !== 0; rest &= rest - 1) count += 1;
  return count;
}

/** The context of the set that appeared first. */
export function lowest(mask: number): number {
  return 31 - Math.clz32(mask & -mask);
}
