/** CPUs of a list as the kernel writes it: `0-3,8`. */
export function parseCpuList(text: string): number[] {
  return text
    .split(',')
    .filter((part) => part !== '')
    .flatMap((part) => {
      const [first, last = first] = part.split('-').map(Number);
      return Array.from({ length: last - first + 1 }, (_, i) => first + i);
    });
}

/** The list as the kernel writes it. @param cpus ascending. */
export function formatCpuList(cpus: readonly number[]): string {
  const parts: string[] = [];
  for (let i = 0; i < cpus.length; ) {
    let end = i;
    while (cpus[end + 1] === cpus[end] + 1) end += 1;
    parts.push(end === i ? String(cpus[i]) : `${cpus[i]}-${cpus[end]}`);
    i = end + 1;
  }
  return parts.join(',');
}
