import type { CpuId } from '../lib/brand.js';
import { CpuMask } from './cpumask.js';
import { parseCpuList } from './cpumask-text.js';

/** What a kernel command line says about CPUs and interrupts. */
export interface KernelParameters {
  /** CPUs that managed interrupts keep away from (isolcpus=managed_irq,…). */
  readonly managedIrqIsolated: readonly CpuId[];
  /** CPUs that the scheduler leaves alone (isolcpus=… and isolcpus=domain,…). */
  readonly domainIsolated: readonly CpuId[];
  /** CPUs without a tick (nohz_full=, isolcpus=nohz,…); undefined: no such parameter. */
  readonly nohzFull: readonly CpuId[] | undefined;
  /** The default affinity of interrupts (irqaffinity=); undefined: all CPUs. */
  readonly irqaffinity: readonly CpuId[] | undefined;
  /** Handlers run in threads. */
  readonly threadirqs: boolean;
  /** Nobody looks for spurious interrupts. */
  readonly noirqdebug: boolean;
  /** 1: irqfixup, 2: irqpoll, 0: neither. */
  readonly irqfixup: 0 | 1 | 2;
  /** CPU 0 may go offline, where kernels know that (to 6.4). */
  readonly cpu0Hotplug: boolean;
  /** The debug messages of kernel/irq/cpuhotplug.c are in the log (dyndbg="file cpuhotplug.c +p"). */
  readonly debugHotplug: boolean;
  /** How many CPUs are brought online by the kernel itself (maxcpus=). */
  readonly maxcpus: number | undefined;
  /** Parameters of modules: `module.name=value`. */
  readonly ofModules: readonly ModuleParameter[];
  /** What the kernel writes into its log about parameters that it cannot take as they are. */
  readonly messages: readonly string[];
}

/** A parameter of a module, `module.name` or `module.name=value`. */
export interface ModuleParameter {
  readonly module: string;
  readonly name: string;
  readonly value: string | undefined;
}

/** A parameter: `name`, or `name=value`. */
interface Parameter {
  readonly name: string;
  readonly value: string | undefined;
}

/** Takes a command line apart: blanks separate, quotes keep together, `--` ends it (kernel/params.c parse_args). */
function parametersOf(text: string): Parameter[] {
  const parameters: Parameter[] = [];
  for (const [word] of text.matchAll(/(?:[^\s"]|"[^"]*"?)+/g)) {
    if (word === '--') break;
    const plain = word.replaceAll('"', '');
    const at = plain.indexOf('=');
    // Dashes and underscores are one (parameq).
    const name = (at < 0 ? plain : plain.slice(0, at)).replaceAll('-', '_');
    parameters.push({ name, value: at < 0 ? undefined : plain.slice(at + 1) });
  }
  return parameters;
}

/** What CPUs can be kept free of (enum hk_type), as far as interrupts have to do with it. */
type Housekeeping = 'domain' | 'managed_irq' | 'nohz';

/** kernel/sched/isolation.c. */
class Isolation {
  readonly isolated = new Map<Housekeeping, CpuMask>();

  constructor(
    private readonly nrCpuIds: number,
    private readonly present: number,
    private readonly messages: string[],
  ) {}

  /** kernel/sched/isolation.c housekeeping_isolcpus_setup: flags, then a list. */
  isolcpus(value: string): void {
    const types = new Set<Housekeeping>();
    let rest = value;
    while (/^[a-z]/i.test(rest)) {
      const flag = rest.split(',', 1)[0];
      const isKnown = flag === 'domain' || flag === 'managed_irq' || flag === 'nohz';
      // A flag is one only if something follows it.
      if (isKnown && rest.length > flag.length) types.add(flag);
      else if (/^[a-z_]*$/i.test(flag)) this.messages.push(`isolcpus: Skipped unknown flag ${flag}`);
      else {
        this.messages.push(`isolcpus: Invalid flag ${flag}`);
        return;
      }
      rest = rest.slice(flag.length + 1);
    }
    this.setup(rest, types.size === 0 ? new Set(['domain']) : types);
  }

  /** kernel/sched/isolation.c housekeeping_setup. */
  setup(list: string, types: ReadonlySet<Housekeeping>): void {
    const isolated = this.parse(list);
    if (isolated === undefined) {
      this.messages.push('Housekeeping: nohz_full= or isolcpus= incorrect CPU range');
      return;
    }
    const keepsHouse = (cpu: CpuId): boolean => !isolated.has(cpu);
    if (!Array.from({ length: this.present }, (_, cpu) => cpu).some(keepsHouse)) {
      // Somebody has to: the CPU that boots.
      isolated.clear(0);
      if (this.isolated.size === 0)
        this.messages.push('Housekeeping: must include one present CPU, using boot CPU:0');
    }
    if (isolated.isEmpty) return;
    for (const type of types) {
      const before = this.isolated.get(type);
      if (before === undefined || before.equals(isolated)) continue;
      this.messages.push('Housekeeping: nohz_full= must match isolcpus=');
      return;
    }
    for (const type of types) this.isolated.set(type, isolated);
  }

  private parse(list: string): CpuMask | undefined {
    try {
      return parseCpuList(list, this.nrCpuIds);
    } catch {
      return undefined;
    }
  }
}

/** irqaffinity=: the list and the CPU that boots, whatever the list says (kernel/irq/irqdesc.c irq_affinity_setup). */
function irqAffinity(value: string, nrCpuIds: number): CpuId[] {
  let mask = new CpuMask(nrCpuIds);
  try {
    mask = parseCpuList(value, nrCpuIds);
  } catch {
    // What cannot be read leaves the boot CPU alone.
  }
  mask.set(0);
  return [...mask];
}

/**
 * Reads a kernel command line; what does not concern CPUs and interrupts is skipped.
 *
 * @param possible number of CPUs that there is room for. @param present number of CPUs plugged in.
 */
export function parseCmdline(text: string, possible: number, present: number): KernelParameters {
  const messages: string[] = [];
  const isolation = new Isolation(possible, present, messages);
  const flags = new Set<string>();
  const ofModules: ModuleParameter[] = [];
  let irqaffinity: CpuId[] | undefined;
  let irqfixup: 0 | 1 | 2 = 0;
  let maxcpus: number | undefined;
  let debugHotplug = false;
  for (const { name, value } of parametersOf(text)) {
    flags.add(name);
    const dot = name.indexOf('.');
    if (dot > 0) ofModules.push({ module: name.slice(0, dot), name: name.slice(dot + 1), value });
    if (name === 'irqfixup') irqfixup = 1;
    if (name === 'irqpoll') irqfixup = 2;
    if (value === undefined) continue;
    if (name === 'isolcpus') isolation.isolcpus(value);
    if (name === 'nohz_full') isolation.setup(value, new Set(['nohz']));
    if (name === 'irqaffinity') irqaffinity = irqAffinity(value, possible);
    if (name === 'dyndbg') debugHotplug = /(^|;)\s*file\s+\S*cpuhotplug\.c\s+\+p/.test(value);
    if (name === 'maxcpus' && /^\d+$/.test(value)) maxcpus = Number(value);
  }
  const { isolated } = isolation;
  const nohzFull = isolated.get('nohz');
  return {
    managedIrqIsolated: [...(isolated.get('managed_irq') ?? [])],
    domainIsolated: [...(isolated.get('domain') ?? [])],
    nohzFull: nohzFull && [...nohzFull],
    irqaffinity,
    threadirqs: flags.has('threadirqs'),
    noirqdebug: flags.has('noirqdebug'),
    irqfixup,
    cpu0Hotplug: flags.has('cpu0_hotplug'),
    debugHotplug,
    maxcpus,
    ofModules,
    messages,
  };
}
