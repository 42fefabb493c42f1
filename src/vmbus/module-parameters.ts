import { kstrtobool, kstrtoint, kstrtouint } from '../lib/kstrtox.js';
import { ErrnoError } from '../lib/errno.js';
import type { ModuleParameter as ModuleArgument } from '../machine/cmdline.js';
import type { KernelLog } from '../machine/log.js';
import type { HypervBehaviour } from './kernel.js';
import { VERSION_WIN10_V5_3 } from './protocol/versions.js';

/** How a parameter's text is read (lib/kstrtox.c, by kernel/params.c). */
export type ParameterKind = 'int' | 'uint' | 'bool';
/** The value of a module parameter. */
export type ParameterValue = number | boolean;

/** A parameter of a kernel module (module_param). */
export interface ModuleParameter {
  readonly module: string;
  readonly name: string;
  readonly kind: ParameterKind;
  /** Permission bits of its file. */
  readonly mode: 0o444 | 0o644;
  readonly initial: ParameterValue;
  /** What the model can do: Linux takes more, and comes to nothing with it. */
  readonly least?: number;
  readonly most?: number;
  /** False in kernels whose module does not have it yet. */
  readonly isIn?: (kernel: HypervBehaviour) => boolean;
}

/** Data pages of a ring of which two make a GPADL that can be. */
const MOST_RING_PAGES = 4094;

/** The parameters of VMBus and the drivers on it. */
export const moduleParameters: readonly ModuleParameter[] = [
  { module: 'hv_vmbus', name: 'max_version', kind: 'uint', mode: 0o444, initial: VERSION_WIN10_V5_3 },
  { module: 'hv_netvsc', name: 'ring_size', kind: 'uint', mode: 0o444, initial: 128, most: MOST_RING_PAGES },
  { module: 'hv_netvsc', name: 'debug', kind: 'int', mode: 0o444, initial: -1 },
  { module: 'hv_storvsc', name: 'logging_level', kind: 'int', mode: 0o644, initial: 1 },
  {
    module: 'hv_storvsc',
    name: 'storvsc_ringbuffer_size',
    kind: 'int',
    mode: 0o444,
    initial: 128 * 1024,
    least: 4096,
    most: MOST_RING_PAGES * 4096,
  },
  { module: 'hv_storvsc', name: 'storvsc_max_hw_queues', kind: 'uint', mode: 0o644, initial: 0 },
  {
    module: 'hv_storvsc',
    name: 'storvsc_vcpus_per_sub_channel',
    kind: 'int',
    mode: 0o444,
    initial: 4,
    least: 1,
  },
  {
    module: 'hv_storvsc',
    name: 'ring_avail_percent_lowater',
    kind: 'int',
    mode: 0o444,
    initial: 10,
    least: 0,
    most: 99,
  },
  {
    module: 'hv_utils',
    name: 'timesync_implicit',
    kind: 'bool',
    mode: 0o644,
    initial: false,
    isIn: ({ timesyncImplicit }) => timesyncImplicit,
  },
  { module: 'hv_balloon', name: 'hot_add', kind: 'bool', mode: 0o644, initial: true },
  { module: 'hv_balloon', name: 'pressure_report_delay', kind: 'uint', mode: 0o644, initial: 45 },
];

/** Values by module and name. */
export type ParameterValues = Readonly<Record<string, Readonly<Record<string, ParameterValue>>>>;

const ofKernels = new WeakMap<HypervBehaviour, readonly ModuleParameter[]>();

/** The parameters of a kernel's modules: worked out once, as explorers make guests by the thousand. */
function parametersOf(kernel: HypervBehaviour): readonly ModuleParameter[] {
  let known = ofKernels.get(kernel);
  if (known === undefined) {
    known = moduleParameters
      .filter(({ isIn }) => isIn?.(kernel) ?? true)
      .map((each) => (each.name === 'max_version' ? { ...each, initial: kernel.newestVersion } : each));
    ofKernels.set(kernel, known);
  }
  return known;
}

/** The values that a guest's modules have (kernel/params.c). */
export class ModuleParameters {
  /** Those that the kernel's modules have. */
  readonly known: readonly ModuleParameter[];
  /** Those that are not the initial ones. */
  private readonly values = new Map<ModuleParameter, ParameterValue>();
  /** What the modules say of their arguments when they are loaded. */
  private readonly messages = new Map<string, string[]>();
  private readonly failed = new Set<string>();

  /**
   * @param given values in place of the initial ones. @param args those of the command line, which come before them.
   * @throws RangeError for a module or parameter that there is not, and for a value that makes no guest.
   */
  constructor(kernel: HypervBehaviour, given: ParameterValues = {}, args: readonly ModuleArgument[] = []) {
    this.known = parametersOf(kernel);
    for (const arg of args) this.parseArg(arg);
    for (const [module, values] of Object.entries(given)) {
      for (const [name, value] of Object.entries(values)) this.give(module, name, value);
    }
  }

  /** The value of a number. */
  number(module: string, name: string): number {
    return Number(this.value(this.parameter(module, name)));
  }

  /** The value as its file shows it (param_get_int, param_get_bool). */
  text(parameter: ModuleParameter): string {
    const value = this.value(parameter);
    return typeof value === 'boolean' ? (value ? 'Y' : 'N') : String(value);
  }

  /** A write to its file. @throws ErrnoError EINVAL, ERANGE */
  store(parameter: ModuleParameter, text: string): void {
    this.values.set(parameter, readValue(parameter, text));
  }

  /** Another value, which the module itself has found better. */
  set(module: string, name: string, value: number): void {
    this.values.set(this.parameter(module, name), value);
  }

  /** The module is loaded: what it says of its arguments. @returns false if it cannot be, for one of them. */
  load(module: string, log: KernelLog): boolean {
    for (const text of this.messages.get(module) ?? []) log.printk(text);
    return !this.failed.has(module);
  }

  /** parse_one; load_module fails with what a parameter cannot take. */
  private parseArg({ module, name, value }: ModuleArgument): void {
    if (!this.known.some((each) => each.module === module)) return;
    const parameter = this.find(module, name);
    if (parameter === undefined) {
      this.say(module, `${module}: unknown parameter '${name}' ignored`);
      return;
    }
    try {
      this.put(parameter, readValue(parameter, value ?? (parameter.kind === 'bool' ? '1' : '')));
    } catch (error) {
      if (!(error instanceof ErrnoError)) throw error;
      this.say(module, `${module}: \`${value ?? ''}' invalid for parameter \`${name}'`);
      this.failed.add(module);
    }
  }

  private give(module: string, name: string, value: ParameterValue): void {
    const parameter = this.parameter(module, name);
    if (typeof value !== (parameter.kind === 'bool' ? 'boolean' : 'number'))
      throw new RangeError(`${module}.${name} is no ${typeof value}`);
    this.put(parameter, typeof value === 'boolean' ? value : readValue(parameter, String(value)));
  }

  private put(parameter: ModuleParameter, value: ParameterValue): void {
    const { module, name, least, most } = parameter;
    if (typeof value === 'number' && (value < (least ?? value) || value > (most ?? value)))
      throw new RangeError(`${module}.${name} is ${least ?? 0} to ${most ?? 'any'}, not ${value}`);
    this.values.set(parameter, value);
  }

  private say(module: string, text: string): void {
    this.messages.set(module, [...(this.messages.get(module) ?? []), text]);
  }

  private value(parameter: ModuleParameter): ParameterValue {
    return this.values.get(parameter) ?? parameter.initial;
  }

  private find(module: string, name: string): ModuleParameter | undefined {
    return this.known.find((each) => each.module === module && each.name === name);
  }

  private parameter(module: string, name: string): ModuleParameter {
    const found = this.find(module, name);
    if (found !== undefined) return found;
    const names = this.known.map((each) => `${each.module}.${each.name}`).join(', ');
    throw new RangeError(`there is no module parameter ${module}.${name}; there are ${names}`);
  }
}

function readValue({ kind }: ModuleParameter, text: string): ParameterValue {
  if (kind === 'bool') return kstrtobool(text);
  return kind === 'int' ? kstrtoint(text) : kstrtouint(text);
}
