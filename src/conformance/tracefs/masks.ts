/** Events of the recorded machine that the model does not have, or that depend on what else the machine is. */
const machineEvents = /: (cpuhp_\w+): /;

/**
 * A text without what it happened to be: IDs, times, the clock at boot, and events of the machine itself with the counts
 * that they are in. Names, columns, flags and the order of the other events stay.
 */
export function maskedText(path: string, text: string): string {
  if (path.endsWith('/format')) return text.replace(/^ID: \d+$/m, 'ID: N');
  if (path.endsWith('/id')) return text.replace(/^\d+$/m, 'N');
  if (path.endsWith('/stats')) return text.replace(/: .*$/gm, ': N');
  if (path === 'trace_clock') return text.replace(/\[local\] global|local \[global\]/, 'BOOT');
  if (path === 'error_log') return text.replace(/^\[ *\d+\.\d{6}\]/gm, '[time]');
  return /(^|\/)trace$/.test(path) ? maskedTrace(text) : text;
}

function maskedTrace(text: string): string {
  const lines = text.split('\n').filter((line) => !machineEvents.test(line));
  const time = /^(.{16}-\d+ +\[\d{3}\] \S{5}) +\d+\.\d{6}: /;
  return lines
    .map((line) => line.replace(time, '$1 TIME: ').replace(/(entries-written: )\d+\/\d+/, '$1N/N'))
    .join('\n');
}
