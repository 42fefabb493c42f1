import { int, symbol, text, uint } from '../trace/c-type.js';
import { either, rec, str, symbolic, TraceEvent } from '../trace/event.js';
import { softirqNames } from './softirq.js';

// Interrupt handlers, softirqs and tasklets (include/trace/events/irq.h).

export const irqHandlerEntry = new TraceEvent(
  'irq',
  'irq_handler_entry',
  { irq: int, name: text },
  'irq=%d name=%s',
  [rec('irq'), str('name')],
);

export const irqHandlerExit = new TraceEvent(
  'irq',
  'irq_handler_exit',
  { irq: int, ret: int },
  'irq=%d ret=%s',
  [rec('irq'), either('ret', 'handled', 'unhandled')],
);

const vec = { vec: uint };
const softirqText = 'vec=%u [action=%s]';
const softirqShown = [rec('vec'), symbolic('vec', softirqNames)];

export const softirqEntry = new TraceEvent('irq', 'softirq_entry', vec, softirqText, softirqShown);
export const softirqExit = new TraceEvent('irq', 'softirq_exit', vec, softirqText, softirqShown);
export const softirqRaise = new TraceEvent('irq', 'softirq_raise', vec, softirqText, softirqShown);

const tasklet = { tasklet: symbol, func: symbol };
const taskletText = 'tasklet=%ps function=%ps';
const taskletShown = [rec('tasklet'), rec('func')];

export const taskletEntry = new TraceEvent('irq', 'tasklet_entry', tasklet, taskletText, taskletShown);
export const taskletExit = new TraceEvent('irq', 'tasklet_exit', tasklet, taskletText, taskletShown);

/** All of the group, in the order of the kernel's lists, which begin with the last one. */
export const irqEvents: readonly TraceEvent[] = [
  taskletExit,
  taskletEntry,
  softirqRaise,
  softirqExit,
  softirqEntry,
  irqHandlerExit,
  irqHandlerEntry,
].map(({ plain }) => plain);
