import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Model } from '../../../src/explore/model.js';
import type { Unannounced } from '../../../src/explore/report/unannounced.js';
import type { beside } from './acts.js';
import { type Instrumented, instrumented } from './instrumented.js';
import { someOf } from '../../support/long.js';

// Announcements left out of the sources, each by itself: the sanitizer must find what no step tells of any more, and be
// quiet without the edit.

/** A race and its variant, or two acts of acts.ts beside each other. */
type Where = string | readonly [string, string];

/** In which file of src what is replaced by what, and where that shows. */
const planted: readonly (readonly [file: string, from: string, to: string, where: Where])[] = [
  [
    'machine/completion.ts',
    '    this.done += 1;\n    this.wakeWaiters();',
    '    this.done += 1;',
    ['complete', 'completion_done'],
  ],
  [
    'machine/completion.ts',
    '    this.done = Number.POSITIVE_INFINITY;\n    this.wakeWaiters();',
    '    this.done = Number.POSITIVE_INFINITY;',
    ['complete all', 'completion_done'],
  ],
  [
    'machine/completion.ts',
    '    this.announceRead();\n    const isDone',
    '    const isDone',
    ['complete', 'completion_done'],
  ],
  [
    'machine/completion.ts',
    '    this.done = value;\n    this.announce();',
    '    this.done = value;',
    ['reinit', 'completion_done'],
  ],
  [
    'machine/completion.ts',
    '    yield this.waitStep;\n    this.done -= 1;',
    '    this.done -= 1;',
    ['wait', 'complete'],
  ],
  [
    'machine/completion.ts',
    "    yield { object: this, kind: 'wait', ns };\n    if (this.done === 0)",
    '    if (this.done === 0)',
    ['wait with a limit', 'complete'],
  ],
  ['machine/shared-var.ts', '    yield this.read;\n', '', ['move', 'all channels']],
  ['machine/shared-var.ts', '    yield this.write;\n', '', ['move', 'all channels']],
  [
    'machine/shared-var.ts',
    '    yield this.update;\n    this.current += amount;',
    '    this.current += amount;',
    ['move', 'move the other channel'],
  ],
  ['machine/rcu.ts', '    yield this.startStep;\n', '', ['srcu reader', 'synchronize_srcu']],
  ['machine/rcu.ts', '    yield this.enterStep;\n', '', ['srcu reader', 'synchronize_srcu']],
  [
    'machine/rcu.ts',
    '    this.announce();\n    return this.inside.length;',
    '    return this.inside.length;',
    ['srcu reader', 'srcu count'],
  ],
  ['machine/rcu.ts', '    this.announce();\n    node.next', '    node.next', ['list add', 'list walk']],
  [
    'machine/rcu.ts',
    '    this.announceRead();\n    return this.head === undefined;',
    '    return this.head === undefined;',
    ['list add', 'list empty'],
  ],
  ['machine/workqueue.ts', '    this.idle.announceRead();\n', '', ['queue work', 'queue idle']],
  [
    'machine/cpu.ts',
    '    if (isWatched()) this.announceWhetherStoppable();\n    if (this.irqsOff !== 0 || this.inHardirq) {',
    '    if (this.irqsOff !== 0 || this.inHardirq) {',
    ['raise a vector', 'interrupts off'],
  ],
  ['machine/cpu.ts', '    tasklet.announce();\n', '', ['schedule tasklet', 'schedule tasklet']],
  ['machine/cpumask.ts', '    this.shared.announceRead();\n', '', ['cpu down', 'cpus online']],
  ['machine/cpumask.ts', '    this.shared.announce();\n', '', ['cpu down', 'cpus online']],
  [
    'machine/log.ts',
    '    this.word.announce();\n    this.written.push',
    '    this.written.push',
    ['printk', 'printk'],
  ],
  ['machine/log.ts', '    this.word.announceRead();\n', '', ['printk', 'dmesg']],
  [
    'machine/log.ts',
    '    this.word.announce();\n    if (this.once.has',
    '    if (this.once.has',
    ['printk once', 'printk once'],
  ],
  [
    'machine/step.ts',
    '    if (watcher !== undefined) announceStep(next.value);\n',
    '',
    ['irq_set_affinity', 'move'],
  ],
  [
    'machine/wait-queues.ts',
    '    this.word.announce();\n    this.queues.push',
    '    this.queues.push',
    ['await a rescind', 'await a rescind'],
  ],
  [
    'machine/wait-queues.ts',
    '    this.word.announce();\n    const at',
    '    const at',
    ['await a rescind', 'await a rescind'],
  ],
  [
    'vmbus/connection/requests.ts',
    '    this.word.announce();\n    this.requests.push',
    '    this.requests.push',
    ['open', 'open another'],
  ],
  ['vmbus/isr.ts', '      yield flagsWord.read;\n', '', ['event', 'event on both']],
  ['vmbus/isr.ts', '    yield context.messageWord.read;\n', '', ['open', 'event of the other channel']],
  ['lab/race-guest.ts', '    yield flagsWord.update;\n', '', ['event', 'event on both']],
  [
    'races/stat-double-count.ts',
    '    vmbus.contexts[cpu].messageWord.announce();\n',
    '',
    'stat-double-count/percpu-demux-connect-cpu',
  ],
  [
    'races/open-first-interrupt.ts',
    '    noteDrained(inbound.ring);\n',
    '',
    'open-first-interrupt/ignore-until-open-result',
  ],
  ['irq/data/core.ts', '    desc?.announce();\n', '', ['disable_irq_nosync', 'disable and enable']],
  [
    'irq/line/handle.ts',
    '  const retval = yield* handleIrqEventPercpuSteps(desc);\n  yield* desc.lock.spinLock();\n',
    '  const retval = yield* handleIrqEventPercpuSteps(desc);\n',
    'relid-map/irqdomain-both-cpus',
  ],
  [
    'kvm/irqfd-list.ts',
    '  *cleaned(irqfd: Irqfd): Procedure<void> {\n    yield this.cleanupWord.update;\n    this.cleanup.delete(irqfd);',
    '  *cleaned(irqfd: Irqfd): Procedure<void> {\n    this.cleanup.delete(irqfd);',
    'level-irqfd/shared-id-under-lock',
  ],
  [
    'kvm/work.ts',
    '  *schedule(): Procedure<boolean> {\n    yield this.updateStep;\n    if (this.queued) return false;',
    '  *schedule(): Procedure<boolean> {\n    if (this.queued) return false;',
    'level-irqfd/shared-id-under-lock',
  ],
  [
    'kvm/vcpu.ts',
    '  *setIrq(vector: number): Procedure<number> {\n    yield this.irrWord.update;\n    if (testAndSetBit(this.irr, vector)) return 0;',
    '  *setIrq(vector: number): Procedure<number> {\n    if (testAndSetBit(this.irr, vector)) return 0;',
    'level-irqfd/shared-id-under-lock',
  ],
  [
    'machine/lock.ts',
    '    yield this.acquireStep;\n    assert(!this.held',
    '    assert(!this.held',
    ['all channels', 'offer'],
  ],
  [
    'machine/cpu.ts',
    '    this.announceWhetherStoppable();\n    this.irqsOff += 1;',
    '    this.irqsOff += 1;',
    ['raise a vector', 'interrupts off'],
  ],
  [
    'machine/cpu.ts',
    '    this.announceWhetherStoppable();\n    if (this.irqsOff',
    '    if (this.irqsOff',
    ['raise a vector', 'interrupts off'],
  ],
  [
    'machine/hotplug.ts',
    '    yield* this.cpusWriteLock();\n    try {\n      if (!cpu.online) return;',
    '    try {\n      if (!cpu.online) return;',
    ['cpu down', 'cpu down'],
  ],
  [
    'vmbus/variants/irqdomain-map.ts',
    '    this.domain.announceLook(hwirqOf(relid));\n    return irqFindMapping',
    '    return irqFindMapping',
    ['offer', 'offer'],
  ],
];

const own = "export * from './acts.js';";
const maxExecutions = 60;

function modelOf({ races, own: acts }: Instrumented, where: Where): Model<unknown> {
  if (typeof where !== 'string') return (acts.beside as typeof beside)(...where) as unknown as Model<unknown>;
  const [id, name] = where.split('/');
  const variant = races.find((race) => race.id === id)?.variants.find((other) => other.name === name);
  if (variant === undefined) throw new Error(`there is no race ${where}`);
  return variant.model();
}

function search(loaded: Instrumented, where: Where): readonly Unannounced[] {
  const { unannounced = [] } = loaded.exploreShard(modelOf(loaded, where), {
    sanitize: true,
    stopAtFirst: false,
    maxExecutions,
    maxSteps: 300,
  });
  return unannounced;
}

test('there are thirty and more', () => {
  expect(planted.length).toBeGreaterThanOrEqual(30);
});

describe('without', () => {
  let loaded: Instrumented | undefined;

  beforeAll(async () => {
    loaded = await instrumented({ own });
  });

  afterAll(() => {
    loaded = undefined;
  });

  test.each([...new Map(planted.map(([, , , where]) => [String(where), where]))])('%s', (_name, where) => {
    if (loaded === undefined) throw new Error('nothing is loaded');
    expect(search(loaded, where)).toEqual([]);
  });
});

describe('with', () => {
  // Each is a build of its own.
  const rows = someOf(planted, 6).map(([file, from, to, where]) => ({
    name: `${file}, ${from.trim().split('\n')[0]} in ${String(where)}`,
    edit: { file: `src/${file}`, from, to },
    where,
  }));

  test.each(rows)('$name', async ({ edit, where }) => {
    const loaded = await instrumented({ own, edit });
    expect(search(loaded, where).length).toBeGreaterThan(0);
  });
});
