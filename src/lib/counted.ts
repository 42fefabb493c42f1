/** So many of what `one` names: `1 CPU`, `2 CPUs`. @param number `count` as it is to be written. */
export function counted(count: number, one: string, number = String(count)): string {
  return `${number} ${count === 1 ? one : `${one}s`}`;
}
