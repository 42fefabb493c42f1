import { describe, expect, test } from '@jest/globals';
import * as irq from '../../src/irq/index.js';
import { CpuMask } from '../../src/machine/cpumask.js';
import { Lock } from '../../src/machine/lock.js';
import type { Procedure } from '../../src/machine/step.js';
import { Lab } from './lab.js';

// What the procedures of the interrupt layer hold while they work, step by step, as kernel/irq takes it: desc->lock
// (irq_get_desc_lock), the bus of the chip before it (irq_get_desc_buslock), the mutex of the domain's root. Callbacks of
// the chip stand between, so that it shows what is done under which lock.

/** Does what `procedure` does and writes down in the lab's calls which locks it takes and gives back. */
function* noting<T>(lab: Lab, procedure: Procedure<T>): Procedure<T> {
  let next = procedure.next();
  while (!next.done) {
    const { object, kind } = next.value;
    if (object instanceof Lock && kind !== 'update') {
      const name = object.name.replace(/ of .*/, '');
      lab.calls.push(kind === 'acquire' ? name : `${name} ends`);
    }
    yield next.value;
    next = procedure.next();
  }
  return next.value;
}

interface Line {
  readonly lab: Lab;
  readonly core: irq.IrqCore;
  readonly desc: irq.IrqDesc;
  readonly irq: number;
}

function lineOf(flow: irq.IrqFlowHandler = irq.handleSimpleIrq, more: Partial<irq.IrqChip> = {}): Line {
  const lab = new Lab();
  const note = (call: string) => () => void lab.calls.push(call);
  const noteOk = (call: string) => () => {
    lab.calls.push(call);
    return 0;
  };
  const desc = lab.line({
    flow,
    chip: lab.chip({
      irqBusLock: note('bus'),
      irqBusSyncUnlock: note('bus ends'),
      irqSetType: noteOk('type'),
      irqSetWake: noteOk('wake'),
      irqSetIrqchipState: noteOk('set state'),
      irqGetIrqchipState: () => {
        lab.calls.push('get state');
        return false;
      },
      irqNmiSetup: noteOk('nmi setup'),
      irqNmiTeardown: note('nmi teardown'),
      ...more,
    }),
  });
  lab.take();
  return { lab, core: lab.core, desc, irq: desc.irq };
}

function heldBy(line: Line, procedure: Procedure<unknown>): string[] {
  line.lab.take();
  line.lab.run(noting(line.lab, procedure));
  return line.lab.take();
}

const BUS_AND_LOCK = ['bus', 'lock', 'lock ends', 'bus ends'];
const LOCK = ['lock', 'lock ends'];

describe('of a line that nobody has requested', () => {
  test.each<[string, (line: Line) => Procedure<unknown>, string[]]>([
    ['irq_set_chip', ({ core, irq: n }) => irq.irqSetChipSteps(core, n, null), LOCK],
    ['irq_modify_status', ({ core, irq: n }) => irq.irqModifyStatusSteps(core, n, 0, 0), LOCK],
    ['irq_set_nested_thread', ({ core, irq: n }) => irq.irqSetNestedThreadSteps(core, n, true), LOCK],
    ['irq_set_parent', ({ core, irq: n }) => irq.irqSetParentSteps(core, n, 7), LOCK],
    ['can_request_irq', ({ core, irq: n }) => irq.canRequestIrqSteps(core, n, 0), LOCK],
    [
      '__irq_set_handler',
      ({ core, irq: n }) => irq.irqSetHandlerSteps(core, n, null, false, null),
      ['bus', 'lock', 'ack', 'lock ends', 'bus ends'],
    ],
    [
      'irq_set_chip_and_handler_name',
      ({ core, irq: n }) => irq.irqSetChipAndHandlerSteps(core, n, null, null, null),
      [...LOCK, 'lock', 'lock ends'],
    ],
    [
      'irq_set_chained_handler_and_data',
      ({ core, irq: n }) => irq.irqSetChainedHandlerAndDataSteps(core, n, irq.handleSimpleIrq, 'data'),
      ['bus', 'lock', 'unmask', 'affinity 0-3', 'lock ends', 'bus ends'],
    ],
    [
      'irq_set_irq_type',
      ({ core, irq: n }) => irq.irqSetIrqTypeSteps(core, n, irq.irqType.EDGE_RISING),
      ['bus', 'lock', 'type', 'lock ends', 'bus ends'],
    ],
    [
      'irq_set_irq_wake',
      ({ core, irq: n }) => irq.irqSetIrqWakeSteps(core, n, true),
      ['bus', 'lock', 'wake', 'lock ends', 'bus ends'],
    ],
    [
      'irq_set_irqchip_state',
      ({ core, irq: n }) => irq.irqSetIrqchipStateSteps(core, n, irq.IRQCHIP_STATE_PENDING, true),
      ['bus', 'lock', 'set state', 'lock ends', 'bus ends'],
    ],
    [
      'irq_get_irqchip_state',
      ({ core, irq: n }) => irq.irqGetIrqchipStateSteps(core, n, irq.IRQCHIP_STATE_PENDING),
      ['bus', 'lock', 'get state', 'lock ends', 'bus ends'],
    ],
    [
      'irq_set_affinity',
      ({ core, irq: n }) => irq.irqSetAffinitySteps(core, n, CpuMask.of(4, [2])),
      ['lock', 'affinity 2', 'lock ends'],
    ],
    [
      'irq_set_affinity_and_hint',
      ({ core, irq: n }) => irq.irqSetAffinityAndHintSteps(core, n, CpuMask.of(4, [1])),
      [...LOCK, 'lock', 'affinity 1', 'lock ends'],
    ],
    ['irq_update_affinity_hint', ({ core, irq: n }) => irq.irqUpdateAffinityHintSteps(core, n, null), LOCK],
    ['irq_set_affinity_notifier', ({ core, irq: n }) => irq.irqSetAffinityNotifierSteps(core, n, null), LOCK],
  ])('%s', (_name, act, expected) => {
    const line = lineOf();
    irq.irqSetStatusFlags(line.core, line.irq, irq.irqStatus.MOVE_PCNTXT);
    expect(heldBy(line, act(line))).toEqual(expected);
    expect(line.desc.lock.isHeld).toBe(false);
    expect(line.lab.machine.cpu(0).irqsDisabled).toBe(false);
  });
});

describe('of a line that is in use', () => {
  test.each<[string, (line: Line) => Procedure<unknown>, string[]]>([
    ['disable_irq_nosync', ({ core, irq: n }) => irq.disableIrqNosyncSteps(core, n), BUS_AND_LOCK],
    ['irq_wake_thread', ({ core, irq: n }) => irq.irqWakeThreadSteps(core, n, 'dev'), LOCK],
    ['can_request_irq', ({ core, irq: n }) => irq.canRequestIrqSteps(core, n, irq.IRQF_SHARED), LOCK],
  ])('%s', (_name, act, expected) => {
    const line = lineOf();
    line.lab.request(line.desc);
    expect(heldBy(line, act(line))).toEqual(expected);
    expect(line.desc.lock.isHeld).toBe(false);
  });

  test('enable_irq starts the line with all held', () => {
    const line = lineOf(irq.handleLevelIrq);
    irq.irqSetStatusFlags(line.core, line.irq, irq.irqStatus.LEVEL);
    line.lab.request(line.desc);
    irq.disableIrqNosync(line.core, line.irq);
    line.lab.fire(line.desc);
    expect(heldBy(line, irq.enableIrqSteps(line.core, line.irq))).toEqual([
      ...['bus', 'lock', 'unmask', 'lock ends', 'bus ends'],
    ]);
  });
});

// kernel/irq/chip.c: the flow handlers hold desc->lock but while the line's handlers run.
describe('a flow handler', () => {
  test.each<[string, irq.IrqFlowHandler, (desc: irq.IrqDesc) => Procedure<void>, string[], string[]]>([
    ['handle_simple_irq', irq.handleSimpleIrq, irq.handleSimpleIrqSteps, [], []],
    ['handle_level_irq', irq.handleLevelIrq, irq.handleLevelIrqSteps, ['mask', 'ack'], ['unmask']],
    ['handle_fasteoi_irq', irq.handleFasteoiIrq, irq.handleFasteoiIrqSteps, [], ['eoi']],
    ['handle_edge_irq', irq.handleEdgeIrq, irq.handleEdgeIrqSteps, ['ack'], []],
  ])('%s', (_name, flow, steps, before, after) => {
    const line = lineOf(flow);
    line.lab.request(line.desc);
    expect(heldBy(line, steps(line.desc))).toEqual([
      ...['lock', ...before, 'lock ends', 'handler@0', 'lock', ...after, 'lock ends'],
    ]);
    expect(line.desc.lock.isHeld).toBe(false);
  });

  test('handle_untracked_irq gives the lock back before its handlers and takes it for its end', () => {
    const line = lineOf(irq.handleUntrackedIrq);
    line.lab.request(line.desc);
    expect(heldBy(line, irq.handleUntrackedIrqSteps(line.desc))).toEqual([
      ...['lock', 'lock ends', 'handler@0', 'lock', 'lock ends'],
    ]);
  });

  test.each<[string, (desc: irq.IrqDesc) => Procedure<void>]>([
    ['handle_percpu_irq', irq.handlePercpuIrqSteps],
    ['handle_percpu_demux_irq', irq.handlePercpuDemuxIrqSteps],
    ['handle_percpu_irq_nostat', irq.handlePercpuIrqNostatSteps],
    ['handle_percpu_irq_nostat, shown', irq.handlePercpuIrqNostatShownSteps],
  ])('%s takes none', (_name, steps) => {
    const line = lineOf();
    line.lab.request(line.desc, irq.IRQF_PERCPU);
    expect(heldBy(line, steps(line.desc))).toEqual(['ack', 'handler@0', 'eoi']);
  });

  test('a line that is disabled is masked under the lock, and nothing runs', () => {
    const line = lineOf(irq.handleLevelIrq);
    line.lab.request(line.desc);
    irq.disableIrqNosync(line.core, line.irq);
    expect(heldBy(line, irq.handleLevelIrqSteps(line.desc))).toEqual(['lock', 'mask', 'ack', 'lock ends']);
  });
});

describe('of an interrupt that each CPU has for itself', () => {
  function percpu(): Line {
    const line = lineOf(irq.handlePercpuDevidIrq, {
      flags: irq.irqchipFlags.SUPPORTS_NMI,
      irqBusLock: undefined,
      irqBusSyncUnlock: undefined,
    });
    irq.irqSetPercpuDevid(line.core, line.irq);
    irq.irqSetStatusFlags(line.core, line.irq, irq.irqStatus.NOAUTOEN);
    return line;
  }

  test('enable_percpu_irq and disable_percpu_irq: no bus', () => {
    const line = percpu();
    line.lab.run(irq.requestPercpuIrq(line.core, line.irq, () => irq.IRQ_HANDLED, 'dev', 'each'));
    expect(heldBy(line, irq.enablePercpuIrqSteps(line.core, line.irq))).toEqual([
      'lock',
      'unmask',
      'lock ends',
    ]);
    expect(heldBy(line, irq.disablePercpuIrqSteps(line.core, line.irq))).toEqual([
      'lock',
      'mask',
      'lock ends',
    ]);
  });

  test('prepare_percpu_nmi and teardown_percpu_nmi', () => {
    const line = percpu();
    expect(
      line.lab.run(
        irq.requestPercpuNmi(line.core, line.irq, () => irq.IRQ_HANDLED, 'dev', undefined, 'each'),
      ),
    ).toBe(0);
    expect(heldBy(line, irq.preparePercpuNmiSteps(line.core, line.irq))).toEqual([
      'lock',
      'nmi setup',
      'lock ends',
    ]);
    expect(heldBy(line, irq.teardownPercpuNmiSteps(line.core, line.irq))).toEqual([
      ...['lock', 'nmi teardown', 'lock ends'],
    ]);
  });
});
