import { errnoValue } from '../lib/errno.js';
import type { CpuMask } from '../machine/cpumask.js';
import { formatCpuList } from '../machine/cpumask-text.js';
import {
  type IrqChip,
  type IrqData,
  irqchipFlags,
  irqDataUpdateEffectiveAffinity,
  irqMoveIrq,
} from '../irq/index.js';

/** Writes down the callbacks of the recordings' fake chips and handlers, in order. */
export class Recorder {
  private calls: string[] = [];
  /** Nothing is written down. */
  muted = false;
  /** Handlers are not written down. */
  quiet = false;

  add(call: string): void {
    if (!this.muted) this.calls.push(call);
  }

  addHandler(call: string): void {
    if (!this.quiet) this.add(call);
  }

  /** What was written down since the last time. */
  take(): string[] {
    const { calls } = this;
    this.calls = [];
    return calls;
  }
}

/** What the callbacks of one fake line return. */
export interface LineData {
  readonly recorder: Recorder;
  readonly affRet: number;
  readonly typeRet: number;
  readonly reqresRet: number;
  readonly retrig: number;
  /** The setter picks the last CPU of the mask, not the first. */
  readonly last: boolean;
  /** What set_irqchip_state stored. */
  readonly states: boolean[];
}

function line(d: IrqData): LineData {
  return d.chipData as LineData;
}

function note(d: IrqData, call: string): void {
  line(d).recorder.add(call);
}

function lastOf(mask: CpuMask): number {
  let last = -1;
  for (const cpu of mask) last = cpu;
  return last;
}

const mask = { irqMask: (d: IrqData) => note(d, 'mask'), irqUnmask: (d: IrqData) => note(d, 'unmask') };

const ackEoi = {
  irqAck(d: IrqData) {
    note(d, 'ack');
    irqMoveIrq(d);
  },
  irqEoi(d: IrqData) {
    note(d, 'eoi');
    irqMoveIrq(d);
  },
};

const maskAck = {
  irqMaskAck(d: IrqData) {
    note(d, 'mask_ack');
    irqMoveIrq(d);
  },
};

const setAffinity = {
  irqSetAffinity(d: IrqData, dest: CpuMask, force: boolean): number {
    const { affRet, last } = line(d);
    const reachable = dest.and(d.desc.core.machine.online);
    const target = last ? lastOf(reachable) : reachable.first();
    const ret = affRet >= 0 && target < 0 ? errnoValue('EINVAL') : affRet;
    note(d, `set_affinity(${formatCpuList(dest)}${force ? ',force' : ''})=${ret}`);
    if (ret < 0) return ret;
    reachable.clearAll();
    reachable.set(target);
    irqDataUpdateEffectiveAffinity(d, reachable);
    return ret;
  },
};

const setType = {
  irqSetType: named('il_set_type', (d: IrqData, type: number): number => {
    note(d, `set_type(${type})`);
    return line(d).typeRet;
  }),
};

const enableDisable = {
  irqEnable: (d: IrqData) => note(d, 'enable'),
  irqDisable: (d: IrqData) => note(d, 'disable'),
};

const theRest = {
  irqStartup(d: IrqData) {
    note(d, 'startup');
    return 0;
  },
  irqShutdown: (d: IrqData) => note(d, 'shutdown'),
  irqSetWake(d: IrqData, on: boolean) {
    note(d, `set_wake(${on ? 1 : 0})`);
    return 0;
  },
  irqGetIrqchipState(d: IrqData, which: number) {
    note(d, `get_irqchip_state(${which})`);
    return line(d).states[which] ?? false;
  },
  irqSetIrqchipState(d: IrqData, which: number, state: boolean) {
    note(d, `set_irqchip_state(${which},${state ? 1 : 0})`);
    line(d).states[which] = state;
    return 0;
  },
  irqBusLock: (d: IrqData) => note(d, 'bus_lock'),
  irqBusSyncUnlock: (d: IrqData) => note(d, 'bus_sync_unlock'),
  irqRequestResources(d: IrqData) {
    note(d, 'request_resources');
    return line(d).reqresRet;
  },
  irqReleaseResources: (d: IrqData) => note(d, 'release_resources'),
  irqRetrigger(d: IrqData) {
    note(d, 'retrigger');
    return line(d).retrig;
  },
};

/** Gives a function the name that the kernel prints. */
export function named<F extends object>(name: string, func: F): F {
  Object.defineProperty(func, 'name', { value: name });
  return func;
}

const plain = { ...mask, ...ackEoi, ...setAffinity };
const basic = { ...plain, ...setType };

/** The recordings' chips, by the name that commands use. */
export const fixtureChips: Readonly<Record<string, IrqChip>> = {
  vmbus: { name: 'VMBus', symbol: 'chip_vmbus', ...mask, ...setAffinity },
  basic: { name: 'ILBASIC', symbol: 'chip_basic', ...basic },
  maskack: { name: 'ILMACK', symbol: 'chip_maskack', ...basic, ...maskAck },
  disable: { name: 'ILDIS', symbol: 'chip_disable', ...plain, ...enableDisable },
  full: { name: 'ILFULL', symbol: 'chip_full', ...basic, ...maskAck, ...enableDisable, ...theRest },
  noaff: { name: 'ILNOAFF', symbol: 'chip_noaff', ...mask, ...ackEoi },
  noname: { name: null, symbol: 'chip_noname', ...plain },
  long: { name: 'LONG-CHIP-NAME-0001', symbol: 'chip_long', ...mask, ...setAffinity },
  print: {
    name: 'ILPRINT',
    symbol: 'chip_print',
    ...mask,
    ...setAffinity,
    irqPrintChip: (d: IrqData) => ` printed-chip-${d.hwirq}`,
  },
  osafe: {
    name: 'ILOSAFE',
    symbol: 'chip_osafe',
    flags: irqchipFlags.ONESHOT_SAFE | irqchipFlags.EOI_IF_HANDLED,
    ...plain,
  },
  masked: {
    name: 'ILSTM',
    symbol: 'chip_masked',
    flags: irqchipFlags.SET_TYPE_MASKED | irqchipFlags.SKIP_SET_WAKE | irqchipFlags.EOI_THREADED,
    ...basic,
  },
  prestart: { name: 'ILPRE', symbol: 'chip_prestart', flags: irqchipFlags.AFFINITY_PRE_STARTUP, ...plain },
};

/** The chip of that name. @throws RangeError if the recordings' module has none. */
export function fixtureChip(name: string): IrqChip {
  const chip = fixtureChips[name];
  if (chip === undefined) throw new RangeError(`unknown chip ${name}`);
  return chip;
}

/** A chip of the machine's own lines: takes any affinity, or none. */
export function platformChip(name: string, settable: boolean): IrqChip {
  if (!settable) return { name };
  return {
    name,
    irqSetAffinity(d, dest) {
      if (dest.isEmpty) return errnoValue('EINVAL');
      irqDataUpdateEffectiveAffinity(d, dest);
      return 0;
    },
  };
}
