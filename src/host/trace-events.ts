import { bool, int, text, u32 } from '../trace/c-type.js';
import { either, lastFirst, rec, str, symbolic, TraceEvent } from '../trace/event.js';

// What a kernel cannot see, told in its trace: the host's side, and the scenario's steps. No Linux has this group.

/** What becomes of a signal: an interrupt; nothing, since the event flag was still set; nothing, since the synic is off. */
export const signalFate = { delivered: 0, coalesced: 1, lost: 2 } as const;

export const hostSignal = new TraceEvent(
  'lab',
  'host_signal',
  { relid: u32, vp: u32, fate: int },
  'relid=%u vp=%u %s',
  [rec('relid'), rec('vp'), symbolic('fate', Object.keys(signalFate))],
);

export const guestSignal = new TraceEvent(
  'lab',
  'guest_signal',
  { relid: u32, needless: bool },
  'relid=%u %s',
  [rec('relid'), either('needless', 'needless', 'heard')],
);

export const hostMessage = new TraceEvent(
  'lab',
  'host_message',
  { msgtype: u32, vp: u32 },
  'msgtype=%u vp=%u',
  [rec('msgtype'), rec('vp')],
);

/** The host sends a channel's signals elsewhere from now on: what MODIFYCHANNEL asked for. */
export const hostModified = new TraceEvent(
  'lab',
  'host_modified',
  { relid: u32, vp: u32 },
  'relid=%u vp=%u',
  [rec('relid'), rec('vp')],
);

export const scenarioStep = new TraceEvent(
  'lab',
  'scenario_step',
  { line: u32, action: text },
  'line=%u %s',
  [rec('line'), str('action')],
);

/** A step of an interleaving, which `irqlab replay` repeats. */
export const explorerStep = new TraceEvent(
  'lab',
  'explorer_step',
  { step: u32, context: text, action: text },
  'step=%u %s: %s',
  [rec('step'), str('context'), str('action')],
);

export const labEvents = lastFirst([hostSignal, guestSignal, hostMessage, hostModified, scenarioStep]);

/** Pids that no task has (PID_MAX_LIMIT and above), for what is outside the guest. */
const OUTSIDE = 0x40_0000;
const context = { flags: 0, preemptDepth: 0 } as const;

/** Who signals, in the buffer of the CPU that it is for. */
export function byHost(cpu: number) {
  return { cpu, comm: 'Hyper-V', pid: OUTSIDE, ...context };
}

export const byScenario = { cpu: 0, comm: 'scenario', pid: OUTSIDE + 1, ...context };
