import { expect, test } from '@jest/globals';
import { irqMatrixAlloc } from '../../src/irq/matrix/trace-events.js';
import { kernelBehaviour } from '../../src/irq/kernel.js';
import { Machine } from '../../src/machine/machine.js';
import {
  irqHandlerEntry,
  softirqRaise,
  workqueueActivateWorkOnly,
  workqueueExecuteStart,
  workqueueQueueWork,
} from '../../src/machine/trace-events.js';
import { vectorConfig, vectorDeactivate, vectorSetup } from '../../src/platform/x86/trace-events.js';
import type { TraceEvent } from '../../src/trace/event.js';
import { traceLine } from '../../src/trace/trace-text.js';
import { Tracer } from '../../src/trace/tracer.js';

// What a task without locks is traced with where Linux holds one: arch/x86/kernel/apic/vector.c (vector_lock),
// kernel/workqueue.c (pool->lock), kernel/softirq.c raise_softirq_irqoff.
const table: readonly (readonly [string, { readonly plain: TraceEvent; readonly name: string }])[] = [
  ['.....', irqHandlerEntry],
  ['d....', softirqRaise],
  ['d..1.', irqMatrixAlloc],
  ['d..1.', vectorConfig],
  ['.....', vectorSetup],
  ['.....', vectorDeactivate],
  ['d..1.', workqueueQueueWork],
  ['d..1.', workqueueActivateWorkOnly],
  ['.....', workqueueExecuteStart],
];

test.each(table.map(([shown, event]) => [shown, event.name, event.plain] as const))(
  '%s before %s',
  (shown, _name, plain) => {
    const machine = new Machine({ present: 1 });
    const tracer = new Tracer(machine, [plain], kernelBehaviour('6.10'));
    tracer.setEnabled([plain], true);
    const values = Object.fromEntries(plain.fields.map(({ name }) => [name, 0]));
    machine.asUser(() => machine.tracePort?.emit(plain, values));
    expect(traceLine(tracer.records()[0]).split(/\s+/)[3]).toBe(shown);
  },
);
