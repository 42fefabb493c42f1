import { errnoCode, errnoValue } from '../lib/errno.js';
import * as irq from '../irq/index.js';
import type { IrqCore, IrqDomain, IrqFlowHandler } from '../irq/index.js';
import type { Procedure } from '../machine/step.js';
import { type Fixture, FixtureAction } from './fixture.js';
import { fixtureChip, type LineData } from './fixture-chips.js';

export type CommandArgs = Readonly<Record<string, string | number>>;
export type CommandResult = Record<string, unknown>;

type Command = (fixture: Fixture, args: CommandArgs) => CommandResult;

const flows: Readonly<Record<string, IrqFlowHandler>> = {
  simple: irq.handleSimpleIrq,
  level: irq.handleLevelIrq,
  edge: irq.handleEdgeIrq,
  fasteoi: irq.handleFasteoiIrq,
  percpu: irq.handlePercpuIrq,
  percpu_devid: irq.handlePercpuDevidIrq,
  untracked: irq.handleUntrackedIrq,
  bad: irq.handleBadIrq,
};

function flowNamed(name: string): IrqFlowHandler {
  const flow = flows[name];
  if (flow === undefined) throw new RangeError(`unknown flow handler ${name}`);
  return flow;
}

function num(args: CommandArgs, name: string, otherwise = 0): number {
  const value = args[name];
  return value === undefined ? otherwise : Number(value);
}

function str(args: CommandArgs, name: string): string | undefined {
  const value = args[name];
  return value === undefined ? undefined : String(value);
}

/** `SHARED|ONESHOT` to request flags. */
function requestFlags(text: string): number {
  let flags = 0;
  for (const name of text.split('|').filter((part) => part !== '')) {
    const bit = (irq as Readonly<Record<string, unknown>>)[`IRQF_${name}`];
    if (typeof bit !== 'number') throw new RangeError(`unknown request flag ${name}`);
    flags |= bit;
  }
  return flags;
}

/** `NOREQUEST|LEVEL` to settings. */
function settings(text: string): number {
  let bits = 0;
  for (const name of text.split('|').filter((part) => part !== '')) {
    const bit = (irq.irqStatus as Readonly<Record<string, number>>)[name];
    if (bit === undefined) throw new RangeError(`unknown setting ${name}`);
    bits |= bit;
  }
  return bits;
}

/** The domain of that number; number 0 comes into being when it is first needed. */
function domainOf(fixture: Fixture, args: CommandArgs): IrqDomain {
  const id = num(args, 'dom');
  return fixture.domains.get(id) ?? createDomain(fixture, { id, size: 2048 });
}

function createDomain(fixture: Fixture, args: CommandArgs): IrqDomain {
  const { core, recorder } = fixture;
  const options = {
    name: str(args, 'name') ?? 'vmbus',
    ops: {
      map: (_domain: IrqDomain, virq: number, hwirq: number) => mapLine(fixture, virq, hwirq),
      unmap: (_domain: IrqDomain, virq: number) => recorder.add(`unmap(${virq})`),
    },
  };
  const domain =
    str(args, 'kind') === 'tree'
      ? irq.irqDomainCreateTree(core, options)
      : irq.irqDomainCreateLinear(core, { ...options, size: num(args, 'size') });
  fixture.domains.set(num(args, 'id'), domain);
  return domain;
}

/** Arguments of the command that maps just now. */
const wanted = new WeakMap<Fixture, CommandArgs>();

function mapLine(fixture: Fixture, virq: number, hwirq: number): number {
  const { core, recorder } = fixture;
  const args = wanted.get(fixture) ?? {};
  const ret = num(args, 'map_ret');
  recorder.add(`map(${virq},${hwirq})=${ret}`);
  if (ret !== 0) return ret;
  const line: LineData = {
    recorder,
    affRet: num(args, 'aff_ret'),
    typeRet: num(args, 'type_ret'),
    reqresRet: num(args, 'reqres_ret'),
    retrig: num(args, 'retrig'),
    last: num(args, 'last') !== 0,
    states: [],
  };
  const flow = str(args, 'flow') ?? 'simple';
  const chip = fixtureChip(str(args, 'chip') ?? 'vmbus');
  irq.irqSetChip(core, virq, chip);
  irq.irqSetChipData(core, virq, line);
  if (flow === 'percpu_devid') irq.irqSetPercpuDevid(core, virq);
  irq.irqSetChipAndHandler(core, virq, chip, flowNamed(flow), str(args, 'fname') ?? null);
  if (num(args, 'pcntxt', 1) !== 0) irq.irqSetStatusFlags(core, virq, irq.irqStatus.MOVE_PCNTXT);
  if (num(args, 'single') !== 0) core.desc(virq)?.data.set(irq.irqd.SINGLE_TARGET);
  return 0;
}

function create(fixture: Fixture, args: CommandArgs): CommandResult {
  const managed = str(args, 'managed');
  const mask = managed ?? str(args, 'initaff');
  const affinity = mask === undefined ? null : { mask: fixture.list(mask), managed: managed !== undefined };
  const domain = domainOf(fixture, args);
  wanted.set(fixture, args);
  const virq = irq.irqCreateMapping(domain, num(args, 'hw'), affinity);
  wanted.delete(fixture);
  return { virq, ret: 0 };
}

function associate(fixture: Fixture, args: CommandArgs): CommandResult {
  const { core } = fixture;
  const virq = num(args, 'irq');
  if (virq < core.nrIrqs && core.desc(virq) === undefined) irq.allocDescs(core, virq, virq, 1);
  return { ret: irq.irqDomainAssociate(domainOf(fixture, args), virq, num(args, 'hw')) };
}

function request(fixture: Fixture, args: CommandArgs): CommandResult {
  const { core } = fixture;
  const virq = num(args, 'irq');
  const dev = num(args, 'dev');
  const action = new FixtureAction(
    virq,
    dev,
    num(args, 'ret', irq.IRQ_HANDLED),
    num(args, 'tret', irq.IRQ_HANDLED),
    num(args, 'every'),
  );
  const handler = num(args, 'handler', 1) === 0 ? null : fixture.handlerOf(action);
  const thread = num(args, 'thread') === 0 ? null : fixture.threadOf(action);
  const devId = num(args, 'nulldev') === 0 ? dev : null;
  let flags = requestFlags(str(args, 'flags') ?? '');
  // Where a kernel does not know the flag, the recordings' module was built with 0 for it.
  if (!core.behaviour.condOneshot) flags &= ~irq.IRQF_COND_ONESHOT;
  const name = str(args, 'name') ?? '';
  const ret = run(fixture, irq.requestThreadedIrq(core, virq, handler, thread, flags, name, devId));
  if (ret === 0) fixture.actions.set(`${virq}:${dev}`, action);
  return { ret };
}

function requestPercpu(fixture: Fixture, args: CommandArgs): CommandResult {
  const { core, machine, recorder } = fixture;
  const dev = num(args, 'dev');
  const handler = (): number => {
    recorder.addHandler(`pcpu_handler:${dev}@cpu${machine.thisCpu}`);
    return irq.IRQ_HANDLED;
  };
  const name = str(args, 'name') ?? '';
  return { ret: run(fixture, irq.requestPercpuIrq(core, num(args, 'irq'), handler, name, dev)) };
}

function setact(fixture: Fixture, args: CommandArgs): CommandResult {
  const action = fixture.actions.get(`${num(args, 'irq')}:${num(args, 'dev')}`);
  if (action === undefined) return { ret: errnoValue('ENOENT') };
  action.ret = num(args, 'ret', action.ret);
  action.nest = num(args, 'nest', action.nest);
  action.disableIn = num(args, 'disable_in', action.disableIn ? 1 : 0) !== 0;
  return { ret: 0 };
}

function free(fixture: Fixture, args: CommandArgs): CommandResult {
  const { core } = fixture;
  const virq = num(args, 'irq');
  const desc = core.desc(virq);
  if (desc !== undefined && desc.percpuEnabled !== null) {
    run(fixture, irq.freePercpuIrq(core, virq, num(args, 'dev')));
    return { devname: '(percpu)', ret: 0 };
  }
  return { devname: run(fixture, irq.freeIrq(core, virq, num(args, 'dev'))), ret: 0 };
}

function fire(fixture: Fixture, args: CommandArgs): CommandResult {
  const { recorder } = fixture;
  const count = num(args, 'n', 1);
  const target =
    args.irq === undefined
      ? { domain: domainOf(fixture, args), hwirq: num(args, 'hw') }
      : { irq: num(args, 'irq') };
  recorder.quiet = num(args, 'quiet') !== 0;
  recorder.muted = count >= 1000;
  const ret = fixture.fire(target, num(args, 'cpu'), count);
  recorder.quiet = false;
  recorder.muted = false;
  return { ret };
}

function onCpu(
  fixture: Fixture,
  args: CommandArgs,
  action: (core: IrqCore, virq: number) => void,
): CommandResult {
  const { core, machine } = fixture;
  const virq = num(args, 'irq');
  const previous = machine.thisCpu;
  machine.thisCpu = num(args, 'cpu');
  action(core, virq);
  const enabled = irq.irqPercpuIsEnabled(core, virq) ? 1 : 0;
  machine.thisCpu = previous;
  return { enabled, ret: 0 };
}

function state(fixture: Fixture, args: CommandArgs, set: boolean): CommandResult {
  const { core } = fixture;
  const virq = num(args, 'irq');
  const which = num(args, 'which') as irq.IrqchipState;
  const value = num(args, 'val', 1);
  if (set) return { state: value, ret: irq.irqSetIrqchipState(core, virq, which, value !== 0) };
  const got = irq.irqGetIrqchipState(core, virq, which);
  return typeof got === 'number' ? { state: 1, ret: got } : { state: got ? 1 : 0, ret: 0 };
}

function run<T>(fixture: Fixture, proc: Procedure<T>): T {
  const result = fixture.machine.run('command', proc);
  fixture.machine.settle();
  return result;
}

/** For commands whose work is one call that returns 0 or an errno. */
function calls(
  call: (core: IrqCore, virq: number, args: CommandArgs, fixture: Fixture) => number | undefined,
): Command {
  return (fixture, args) => {
    const { core, machine } = fixture;
    machine.thisCpu = machine.online.first();
    const ret = call(core, num(args, 'irq'), args, fixture) ?? 0;
    machine.settle();
    return { ret };
  };
}

const maskOf = (fixture: Fixture, args: CommandArgs) => fixture.list(str(args, 'mask') ?? 'none');
const hintOf = (fixture: Fixture, args: CommandArgs) =>
  args.mask === undefined ? null : fixture.list(String(args.mask));

function irqsList({ core }: Fixture): CommandResult {
  const allocated = [...core.descs()].map((desc) => desc.irq).join(',');
  return { nr_irqs: core.nrIrqs, allocated, ret: 0 };
}

/** The recordings' module's commands. */
const commands: Readonly<Record<string, Command>> = {
  domain: (fixture, args) => {
    createDomain(fixture, args);
    return { ret: 0 };
  },
  create,
  associate,
  find: (fixture, args) => ({ virq: irq.irqFindMapping(domainOf(fixture, args), num(args, 'hw')), ret: 0 }),
  resolve: (fixture, args) => {
    const desc = irq.irqResolveMapping(domainOf(fixture, args), num(args, 'hw'));
    return { virq: desc?.irq ?? 0, found: desc ? 1 : 0, ret: 0 };
  },
  mapcount: (fixture, args) => {
    const domain = domainOf(fixture, args);
    return { mapcount: domain.mapcount, revmap_size: domain.revmapSize, ret: 0 };
  },
  dispose: calls((core, virq) => void irq.irqDisposeMapping(core, virq)),
  alloc: calls((core, _irq, args) =>
    irq.allocDescs(core, num(args, 'at', -1), num(args, 'from', 1), num(args, 'cnt')),
  ),
  free_descs: calls((core, virq, args) => void irq.freeDescs(core, virq, num(args, 'cnt'))),
  irqs: irqsList,
  request,
  request_percpu: requestPercpu,
  percpu_enable: (fixture, args) => onCpu(fixture, args, (core, virq) => irq.enablePercpuIrq(core, virq)),
  percpu_disable: (fixture, args) => onCpu(fixture, args, irq.disablePercpuIrq),
  setact,
  free,
  enable: calls((core, virq) => void irq.enableIrq(core, virq)),
  disable: (fixture, args) => {
    run(fixture, irq.disableIrq(fixture.core, num(args, 'irq')));
    return { ret: 0 };
  },
  disable_nosync: calls((core, virq) => void irq.disableIrqNosync(core, virq)),
  disable_hardirq: (fixture, args) => ({
    val: irq.disableHardirq(fixture.core, num(args, 'irq')) ? 1 : 0,
    ret: 0,
  }),
  fire,
  inject: calls((core, virq) => irq.irqInjectInterrupt(core, virq)),
  setaff: calls((core, virq, args, fixture) => irq.irqSetAffinity(core, virq, maskOf(fixture, args))),
  forceaff: calls((core, virq, args, fixture) => irq.irqForceAffinity(core, virq, maskOf(fixture, args))),
  hint: calls((core, virq, args, fixture) => irq.irqUpdateAffinityHint(core, virq, hintOf(fixture, args))),
  setaff_hint: calls((core, virq, args, fixture) =>
    irq.irqSetAffinityAndHint(core, virq, hintOf(fixture, args)),
  ),
  status: calls((core, virq, args) => {
    irq.irqModifyStatus(core, virq, settings(str(args, 'clear') ?? ''), settings(str(args, 'set') ?? ''));
    return 0;
  }),
  handler: calls((core, virq, args) => {
    const flow = str(args, 'flow') ?? 'null';
    const handler = flow === 'null' ? null : flowNamed(flow);
    irq.irqSetHandler(core, virq, handler, num(args, 'chained') !== 0, str(args, 'fname') ?? null);
    return 0;
  }),
  type: calls((core, virq, args) => irq.irqSetIrqType(core, virq, num(args, 'type'))),
  wake: calls((core, virq, args) => irq.irqSetIrqWake(core, virq, num(args, 'on') !== 0)),
  getstate: (fixture, args) => state(fixture, args, false),
  setstate: (fixture, args) => state(fixture, args, true),
  hasaction: (fixture, args) => ({ val: irq.irqHasAction(fixture.core, num(args, 'irq')) ? 1 : 0, ret: 0 }),
  setkstat: (fixture, args) => {
    const desc = fixture.core.desc(num(args, 'irq'));
    if (desc) desc.cold.kstat[num(args, 'cpu')] = num(args, 'val');
    return { ret: 0 };
  },
};

/** Does one recorded command and gives its result as the recordings have it. @throws RangeError for an unknown one. */
export function runCommand(fixture: Fixture, name: string, args: CommandArgs): CommandResult {
  const command = commands[name];
  if (command === undefined) throw new RangeError(`unknown command ${name}`);
  const result = command(fixture, args);
  if (typeof result.ret === 'number' && result.ret < 0) result.err = errnoCode(result.ret);
  return result;
}
