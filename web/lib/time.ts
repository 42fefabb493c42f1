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

/** The shortest text of a time that scenario files read as just that: 1500000 → `1.5ms`. */
export function exactTime(ns: number): string {
  if (ns === 0) return '0s';
  const [unit, digits] =
    ns >= 1e9
      ? (['s', 9] as const)
      : ns >= 1e6
        ? (['ms', 6] as const)
        : ns >= 1e3
          ? (['us', 3] as const)
          : (['ns', 0] as const);
  const text = String(ns).padStart(digits + 1, '0');
  const whole = text.slice(0, text.length - digits);
  const fraction = text.slice(text.length - digits).replace(/0+$/, '');
  return `${whole}${fraction === '' ? '' : `.${fraction}`}${unit}`;
}
