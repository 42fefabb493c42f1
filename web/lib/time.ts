/** Seconds with the digits that matter: `12.345 678 901 s` as the kernel's log counts them. */
export function secondsText(ns: number): string {
  const digits = String(Math.round(ns) % 1e9).padStart(9, '0');
  return `${Math.floor(ns / 1e9)}.${digits.slice(0, 3)} ${digits.slice(3, 6)} ${digits.slice(6)} s`;
}

/** ns of a time as scenario files write it (`1.5s`, `20ms`); a number alone is seconds. undefined: it is none. */
export function parseTime(text: string): number | undefined {
  const match = /^\s*(\d{1,6}(?:\.\d{1,9})?)\s*(s|ms|us|ns)?\s*$/.exec(text);
  if (match === null) return undefined;
  const unitNs = { s: 1e9, ms: 1e6, us: 1e3, ns: 1 }[match[2] ?? 's'] ?? 1e9;
  return Math.round(Number(match[1]) * unitNs);
}
