/** A count in at most five characters: `12345` → `12.3k`. */
export function shortCount(value: number): string {
  if (value < 10_000)
    return value < 10 && !Number.isInteger(value) ? value.toFixed(1) : String(Math.round(value));
  const units = ['k', 'M', 'G', 'T'];
  let scaled = value;
  let at = -1;
  while (scaled >= 999.5 && at + 1 < units.length) {
    scaled /= 1000;
    at += 1;
  }
  const digits = scaled < 99.95 ? scaled.toFixed(1).replace(/\.0$/, '') : String(Math.round(scaled));
  return `${digits}${units[at] ?? ''}`;
}
