import type { Irq } from '../../lib/brand.js';
import { irqHandlerEntry, irqHandlerExit } from '../../machine/trace-events.js';
import type { TracePort } from '../../trace/port.js';
import type { IrqAction } from '../data/irqaction.js';

/** The tracepoint irq_handler_entry: a handler is about to run. */
export function traceEntry(trace: TracePort, irq: Irq, { name }: IrqAction): void {
  trace.emit(irqHandlerEntry, { irq, name: name ?? '(null)' });
}

/** The tracepoint irq_handler_exit: a handler has returned `ret`. */
export function traceExit(trace: TracePort, irq: Irq, ret: number): void {
  trace.emit(irqHandlerExit, { irq, ret });
}
