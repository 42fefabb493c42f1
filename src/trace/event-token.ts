import { type Token, token } from '../lib/token.js';
import type { TraceEvent } from './event.js';

/** Plug-in point: events that a machine can trace, besides those of interrupts. Bind any number. */
export const TRACE_EVENT: Token<TraceEvent> = token('TraceEvent');
