/** Functions of CPU hotplug that the model has; a recorded machine has states of its own beside them. */
const hotplugFunctions = [
  'cpuhp_kick_ap_work',
  'takedown_cpu',
  'finish_cpu',
  'cpuhp_kick_ap_alive',
  'cpuhp_bringup_ap',
  'bringup_cpu',
  'irq_affinity_online_cpu',
];

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
  const time = /^(.{16}-\d+ +\[\d{3}\] \S{5}) +\d+\.\d{6}: /;
  const lines = text
    .split('\n')
    .map((line) => line.replace(time, '$1 TIME: ').replace(/(entries-written: )\d+\/\d+/, '$1N/N'));
  return withoutOtherStates(lines).join('\n');
}

/**
 * The lines without those of states of CPU hotplug that the model does not have. Which task brings a CPU up or down, and
 * whether another one waits for its place meanwhile, is the machine's.
 */
function withoutOtherStates(lines: readonly string[]): string[] {
  const open: string[] = [];
  return lines.flatMap((line) => {
    const event = /: cpuhp_(\w+): /.exec(line)?.[1];
    if (event === undefined) return [line];
    const step = /step: +\d+/.exec(line)?.[0] ?? '';
    if (event !== 'exit') {
      const fun = /\((\w+)\)$/.exec(line)?.[1] ?? '';
      if (!hotplugFunctions.includes(fun)) return [];
      open.push(step);
    } else if (open[open.length - 1] === step) open.pop();
    else return [];
    const context = /^.{16}-\d+ +\[\d{3}\] (.)./;
    return [
      line.replace(context, (all, off: string) =>
        all.includes('cpuhp/') ? `cpuhp ${off}.` : `task ${off}.`,
      ),
    ];
  });
}
