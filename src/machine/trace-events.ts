import { int, pointer, symbol, text, uint } from '../trace/c-type.js';
import { either, lastFirst, rec, str, symbolic, TraceEvent } from '../trace/event.js';
import type { TraceBehaviour } from '../trace/kernel.js';
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
export const softirqRaise = new TraceEvent(
  'irq',
  'softirq_raise',
  vec,
  softirqText,
  softirqShown,
  'irqs-off',
);

const tasklet = { tasklet: symbol, func: symbol };
const taskletText = 'tasklet=%ps function=%ps';
const taskletShown = [rec('tasklet'), rec('func')];

export const taskletEntry = new TraceEvent('irq', 'tasklet_entry', tasklet, taskletText, taskletShown);
export const taskletExit = new TraceEvent('irq', 'tasklet_exit', tasklet, taskletText, taskletShown);

/** All of the group. */
export const irqEvents = lastFirst([
  irqHandlerEntry,
  irqHandlerExit,
  softirqEntry,
  softirqExit,
  softirqRaise,
  taskletEntry,
  taskletExit,
]);

// CPUs that come and go (include/trace/events/cpuhp.h).

const cpuhpStep = { cpu: uint, target: int, idx: int, fun: symbol };
const cpuhpText = 'cpu: %04u target: %3d step: %3d (%ps)';
const cpuhpShown = ['cpu', 'target', 'idx', 'fun'].map(rec);

export const cpuhpEnter = new TraceEvent('cpuhp', 'cpuhp_enter', cpuhpStep, cpuhpText, cpuhpShown);
export const cpuhpMultiEnter = new TraceEvent('cpuhp', 'cpuhp_multi_enter', cpuhpStep, cpuhpText, cpuhpShown);
export const cpuhpExit = new TraceEvent(
  'cpuhp',
  'cpuhp_exit',
  { cpu: uint, state: int, idx: int, ret: int },
  ' cpu: %04u  state: %3d step: %3d ret: %d',
  ['cpu', 'state', 'idx', 'ret'].map(rec),
);

export const cpuhpEvents = lastFirst([cpuhpEnter, cpuhpMultiEnter, cpuhpExit]);

// Works of workqueues (include/trace/events/workqueue.h).

export const workqueueQueueWork = new TraceEvent(
  'workqueue',
  'workqueue_queue_work',
  { work: pointer, function: symbol, workqueue: text, req_cpu: int, cpu: int },
  'work struct=%p function=%ps workqueue=%s req_cpu=%d cpu=%d',
  [rec('work'), rec('function'), str('workqueue'), rec('req_cpu'), rec('cpu')],
  'spinlock',
);

const workAndFunction = { work: pointer, function: symbol };
const workText = 'work struct %p: function %ps';
const workShown = [rec('work'), rec('function')];

export const workqueueActivateWork = new TraceEvent(
  'workqueue',
  'workqueue_activate_work',
  workAndFunction,
  'work struct %p function=%ps ',
  workShown,
  'spinlock',
);
/** The same in older kernels. */
export const workqueueActivateWorkOnly = new TraceEvent(
  'workqueue',
  'workqueue_activate_work',
  { work: pointer },
  'work struct %p',
  [rec('work')],
  'spinlock',
);
export const workqueueExecuteStart = new TraceEvent(
  'workqueue',
  'workqueue_execute_start',
  workAndFunction,
  workText,
  workShown,
);
export const workqueueExecuteEnd = new TraceEvent(
  'workqueue',
  'workqueue_execute_end',
  workAndFunction,
  workText,
  workShown,
);

export function workqueueEvents({ activateWorkNamesFunction }: TraceBehaviour): readonly TraceEvent[] {
  const activate = activateWorkNamesFunction ? workqueueActivateWork : workqueueActivateWorkOnly;
  return lastFirst([workqueueQueueWork, activate, workqueueExecuteStart, workqueueExecuteEnd]);
}
