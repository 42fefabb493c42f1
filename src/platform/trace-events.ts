import { irqMatrixEvents } from '../irq/matrix/trace-events.js';
import { cpuhpEvents, irqEvents, workqueueEvents } from '../machine/trace-events.js';
import type { TraceEvent } from '../trace/event.js';
import type { TraceBehaviour } from '../trace/kernel.js';
import { irqVectorsEvents } from './x86/trace-events.js';

/** The events that a kernel has without drivers, as far as the model knows their groups, in the kernel's order. */
export function kernelTraceEvents(arch: 'x86' | 'arm64', behaviour: TraceBehaviour): readonly TraceEvent[] {
  const isX86 = arch === 'x86';
  return [
    ...(isX86 ? irqVectorsEvents : []),
    ...cpuhpEvents,
    ...irqEvents,
    ...workqueueEvents(behaviour),
    ...(isX86 ? irqMatrixEvents(behaviour) : []),
  ];
}
