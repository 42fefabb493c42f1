import type { HotplugState } from './hotplug-state.js';

/** Number and name of a state of CPU hotplug that is there from the start (kernel/cpu.c cpuhp_hp_states). */
type NamedState = readonly [number: number, name: string];

/** The states of some kernels (enum cpuhp_state in include/linux/cpuhotplug.h), as far as they always have names. */
interface CpuhpTable {
  readonly states: readonly NamedState[];
  /** Where CPU bring-up is split, there is one state more (CONFIG_HOTPLUG_SPLIT_STARTUP, x86-64). */
  readonly kickAp: NamedState | undefined;
  /** First number for states without a place of their own (CPUHP_AP_ONLINE_DYN). */
  readonly onlineDyn: number;
}

/** The state of a CPU that is online, in all of these kernels (CPUHP_ONLINE). */
export const CPUHP_ONLINE = 236;

const first: readonly NamedState[] = [
  [0, 'offline'],
  [1, 'threads:prepare'],
];

const last: readonly NamedState[] = [
  [235, 'sched:active'],
  [CPUHP_ONLINE, 'online'],
];

/** Names of a run of states, each with its number. */
function numbered(names: string, numbers: readonly number[]): NamedState[] {
  return names.split(' ').map((name, i) => [numbers[i], name]);
}

const prepare = 'random:prepare workqueue:prepare hrtimers:prepare smpcfd:prepare relay:prepare';
const online = 'lockup_detector:online workqueue:online random:online RCU/tree:online';
const middle =
  'RCU/tree:prepare timers:prepare cpu:bringup idle:dead ap:offline sched:starting RCU/tree:dying smpcfd:dying ' +
  'hrtimers:dying';
const starting =
  'ap:online cpu:teardown sched:waitempty smpboot/threads:online irq/affinity:online perf:online';

/** The kernels whose numbers are known. */
export type CpuhpKernel = '6.1' | '6.12' | '7.2';

/** By kernel; 6.10 is taken to be like 6.12, 6.18 like 7.2. */
const cpuhpTables: Readonly<Record<CpuhpKernel, CpuhpTable>> = {
  '6.1': {
    states: [
      ...first,
      [2, 'perf:prepare'],
      ...numbered(prepare, [40, 41, 43, 46, 47]),
      [48, 'slab:prepare'],
      ...numbered(middle, [50, 68, 91, 92, 93, 94, 95, 148, 149]),
      ...numbered(starting, [152, 153, 155, 156, 158, 162]),
      ...numbered(online, [196, 197, 198, 199]),
      ...last,
    ],
    kickAp: undefined,
    onlineDyn: 201,
  },
  '6.12': {
    states: [
      ...first,
      [2, 'perf:prepare'],
      ...numbered(prepare, [37, 38, 40, 42, 43]),
      ...numbered(middle, [45, 61, 86, 87, 88, 90, 91, 139, 140]),
      [141, 'tick:dying'],
      ...numbered(starting, [144, 145, 149, 150, 151, 155]),
      ...numbered(online, [187, 188, 189, 190]),
      ...last,
    ],
    kickAp: [85, 'cpu:kick_ap'],
    onlineDyn: 192,
  },
  '7.2': {
    states: [
      ...first,
      ...numbered(prepare, [35, 36, 38, 40, 41]),
      ...numbered(middle, [43, 58, 83, 84, 85, 87, 88, 137, 138]),
      [139, 'tick:dying'],
      ...numbered(starting, [142, 143, 147, 148, 149, 154]),
      ...numbered(online, [186, 187, 188, 189]),
      ...last,
    ],
    kickAp: [82, 'cpu:kick_ap'],
    onlineDyn: 192,
  },
};

/** CPUHP_INVALID: no state. */
export const CPUHP_INVALID = -1;

/** What a bring-up consists of in the task that asked for it, by the numbers of its states. */
export interface BringUpNumbers {
  /** CPUHP_BP_KICK_AP; undefined: the CPU is started in one go. */
  readonly kickAp: number | undefined;
  /** CPUHP_BRINGUP_CPU. */
  readonly bringup: number;
  /** CPUHP_TEARDOWN_CPU. */
  readonly teardown: number;
}

/** The states of a guest's kernel by number, those that the model has callbacks for among them. */
export class StateNumbers {
  constructor(
    private readonly kernel: CpuhpKernel,
    /** The architecture brings CPUs up in two states, where the kernel can. */
    private readonly splitsBringUp: boolean,
    private readonly registered: readonly HotplugState[],
  ) {}

  get bringUp(): BringUpNumbers {
    const { states, kickAp } = this.table;
    const numberOf = (name: string): number =>
      states.find(([, other]) => other === name)?.[0] ?? CPUHP_INVALID;
    return {
      kickAp: this.splitsBringUp ? kickAp?.[0] : undefined,
      bringup: numberOf('cpu:bringup'),
      teardown: numberOf('cpu:teardown'),
    };
  }

  /** kernel/cpu.c states_show. */
  text(): string {
    const { states, kickAp } = this.table;
    const all = [...states, ...(kickAp && this.splitsBringUp ? [kickAp] : []), ...this.dynamic()];
    all.sort(([a], [b]) => a - b);
    return all.map(([number, name]) => `${String(number).padStart(3)}: ${name}\n`).join('');
  }

  /** The modelled state with this number. */
  state(number: number): HotplugState | undefined {
    const name = [...this.table.states, ...this.dynamic()].find(([other]) => other === number)?.[1];
    return this.registered.find((state) => state.name === name);
  }

  /** CPUHP_INVALID for one that is not registered. */
  number(state: HotplugState): number {
    const all = [...this.table.states, ...this.dynamic()];
    return all.find(([, name]) => name === state.name)?.[0] ?? CPUHP_INVALID;
  }

  private get table(): CpuhpTable {
    return cpuhpTables[this.kernel];
  }

  /** States without a place of their own have numbers in the order of their registration. */
  private dynamic(): NamedState[] {
    const known = new Set(this.table.states.map(([, name]) => name));
    const others = this.registered.filter(({ name }) => !known.has(name));
    return others.map(({ name }, i) => [this.table.onlineDyn + i, name]);
  }
}
