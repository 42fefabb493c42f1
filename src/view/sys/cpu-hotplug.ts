import type { IrqCore } from '../../irq/core.js';
import type { CpuId } from '../../lib/brand.js';
import { ErrnoError } from '../../lib/errno.js';
import { kstrtoint } from '../../lib/kstrtox.js';
import { CPUHP_INVALID, CPUHP_ONLINE } from '../../machine/cpuhp-states.js';
import type { SmtControl } from '../../machine/hotplug.js';
import type { CpuFiles } from '../../platform/platform.js';
import { type FileNode, StaticDirectory, sleepingSysfsFile, sysfsFile } from '../tree-node.js';
import { textFile } from './cpu-sets.js';

/** cpuN/hotplug/target: without CONFIG_CPU_HOTPLUG_STATE_CONTROL a CPU goes all the way, or not (target_store). */
function targetFile({ machine }: IrqCore, cpu: CpuId, show: () => string): FileNode {
  return sleepingSysfsFile(machine, 0o644, {
    show,
    store: (text) => {
      const target = kstrtoint(text, 10);
      if (target !== 0 && target !== CPUHP_ONLINE)
        throw new ErrnoError('EINVAL', `a CPU can be taken to states 0 and ${CPUHP_ONLINE} only`);
      const { hotplug } = machine;
      const work = target === 0 ? hotplug.cpuDown(cpu) : hotplug.cpuUp(cpu);
      return { name: `cpu${cpu}/hotplug/target`, work };
    },
  });
}

/** cpuN/hotplug/fail: the state that fails the next time that this CPU comes to it (kernel/cpu.c fail_store). */
function failFile({ machine: { hotplug } }: IrqCore, cpu: CpuId): FileNode {
  return sysfsFile(0o644, {
    show: () => {
      const state = hotplug.failing(cpu);
      return `${state === undefined ? CPUHP_INVALID : hotplug.numbers.number(state)}\n`;
    },
    store: (text) => {
      const number = kstrtoint(text, 10);
      const state = number === CPUHP_INVALID ? undefined : hotplug.numbers.state(number);
      if (state === undefined && number !== CPUHP_INVALID)
        throw new ErrnoError('EINVAL', `state ${number} has no callbacks that could fail`);
      hotplug.fail(cpu, state);
    },
  });
}

/** cpuN/hotplug (kernel/cpu.c cpuhp_cpu_attrs). Nobody can look while a CPU is on its way. */
export function cpuHotplugDirectory(core: IrqCore, cpu: CpuId): StaticDirectory {
  const state = (): string => (core.machine.online.has(cpu) ? `${CPUHP_ONLINE}\n` : '0\n');
  return new StaticDirectory(0o755, {
    state: sysfsFile(0o444, { show: state }),
    target: targetFile(core, cpu, state),
    fail: failFile(core, cpu),
  });
}

/** hotplug (kernel/cpu.c cpuhp_cpu_root_attrs). */
export function hotplugDirectory({ machine: { hotplug } }: IrqCore): StaticDirectory {
  return new StaticDirectory(0o755, { states: sysfsFile(0o444, { show: () => hotplug.numbers.text() }) });
}

const smtWords: ReadonlyMap<string, SmtControl> = new Map([
  ['on', 'on'],
  ['off', 'off'],
  ['forceoff', 'forceoff'],
]);

/**
 * What smt/control can be told: a word, and in some kernels so many threads of each core (kernel/cpu.c
 * __store_smt_control).
 */
function parseSmtControl(text: string, threads: number, takesNumbers: boolean): SmtControl {
  const word = smtWords.get(text.replace(/\n$/, ''));
  if (word !== undefined) return word;
  const known = takesNumbers ? `on, off, forceoff, 1 and ${threads}` : 'on, off and forceoff';
  const refused = new ErrnoError('EINVAL', `${JSON.stringify(text)} is none of ${known}`);
  if (!takesNumbers) throw refused;
  const number = intOf(text);
  if (number === 1) return 'off';
  if (number === threads) return 'on';
  throw refused;
}

function intOf(text: string): number | undefined {
  try {
    return kstrtoint(text, 10);
  } catch (error) {
    if (!(error instanceof ErrnoError)) throw error;
    return undefined;
  }
}

/** smt (kernel/cpu.c cpuhp_smt_attrs). */
export function smtDirectory(core: IrqCore, cpuFiles: CpuFiles): StaticDirectory {
  const { machine, behaviour } = core;
  const { smtTakesNumbers } = behaviour;
  const { hotplug } = machine;
  const isImplemented = cpuFiles.hotplugSmt(core.behaviour);
  const control = (): string => {
    if (!isImplemented) return 'notimplemented';
    return hotplug.threadsPerCore > 1 ? hotplug.smtControl : 'notsupported';
  };
  return new StaticDirectory(0o755, {
    control: sleepingSysfsFile(machine, 0o644, {
      show: () => `${control()}\n`,
      store: (text) => {
        const parse = (): SmtControl => parseSmtControl(text, hotplug.threadsPerCore, smtTakesNumbers);
        if (isImplemented && !smtTakesNumbers) parse();
        if (control().startsWith('not'))
          throw new ErrnoError('ENODEV', 'the CPUs of this guest have one thread each');
        if (hotplug.smtControl === 'forceoff')
          throw new ErrnoError('EPERM', 'SMT was switched off until the next boot');
        return { name: 'smt/control', work: hotplug.setSmt(parse()) };
      },
    }),
    active: textFile(() => (hotplug.isSmtActive ? '1' : '0')),
  });
}
