import { unreachable } from '../lib/assert.js';
import { ErrnoError } from '../lib/errno.js';
import { HungError } from '../machine/hung.js';
import type { ScenarioGuest } from './port.js';
import type { Action, Expectation } from './scenario.js';

/** What the guest answered to an action. */
export type Answer =
  | { readonly kind: 'done' }
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'count'; readonly count: number }
  /** The guest refused with an errno, or the action makes no sense for it. */
  | { readonly kind: 'refused'; readonly code: string; readonly reason: string };

/** What came of a step: undefined if it is as expected, else a sentence; and what it has to print. */
export interface StepResult {
  readonly failure: string | undefined;
  readonly text: string | undefined;
}

/** Does an action and compares what comes of it with what was expected. */
export function doStep(guest: ScenarioGuest, action: Action, expect: Expectation): StepResult {
  const answer = perform(guest, action);
  return { failure: mismatch(answer, expect), text: answer.kind === 'text' ? answer.text : undefined };
}

/** The action in words, as in a scenario file. */
export function describeAction(action: Action): string {
  switch (action.kind) {
    case 'offline':
    case 'online':
      return `${action.kind} ${action.cpu}`;
    case 'affinity':
      return `affinity of IRQ ${action.irq} to CPUs ${action.cpus}`;
    case 'channelCpu':
      return `affinity of relid ${action.relid} to CPU ${action.cpu}`;
    case 'write':
      return `write ${JSON.stringify(action.data)} to ${action.path}`;
    case 'read':
    case 'print':
      return `${action.kind} ${action.path}`;
    case 'host':
      return `the host does: ${action.act.kind}`;
    case 'refused':
      return `refused ${action.reason}`;
    case 'suspend':
    case 'resume':
    case 'shutdown':
      return action.kind;
    case 'connect':
      return `connect to port ${action.port}`;
    case 'offer':
      return `offer ${action.device.driver ?? `class ${action.device.class}`} as relid ${action.device.relid}`;
    case 'rescind':
      return `rescind ${action.relid}`;
    case 'channels':
      return `channels of relid ${action.relid} to ${action.count}`;
    case 'signal':
      return `signal ${action.relid}${action.times === 1 ? '' : ` ${action.times} times`}`;
    case 'count':
      return `count of IRQ ${action.irq}${action.cpu === undefined ? '' : ` on CPU ${action.cpu}`}`;
    default:
      return unreachable(action);
  }
}

/** Does an action. */
export function perform(guest: ScenarioGuest, action: Action): Answer {
  try {
    return ask(guest, action);
  } catch (error) {
    if (error instanceof ErrnoError) {
      return { kind: 'refused', code: error.code, reason: error.message.slice(error.code.length + 2) };
    }
    if (error instanceof HungError) return { kind: 'refused', code: 'a hang', reason: error.message };
    if (error instanceof RangeError) return { kind: 'refused', code: 'not possible', reason: error.message };
    throw error;
  }
}

const done: Answer = { kind: 'done' };

function ask(guest: ScenarioGuest, action: Action): Answer {
  switch (action.kind) {
    case 'offline':
      guest.offline(action.cpu);
      return done;
    case 'online':
      guest.online(action.cpu);
      return done;
    case 'affinity':
      guest.setAffinity(action.irq, action.cpus);
      return done;
    case 'channelCpu':
      guest.setChannelCpu(action.relid, action.cpu);
      return done;
    case 'write':
      guest.writeFile(action.path, action.data);
      return done;
    case 'read':
    case 'print':
      return { kind: 'text', text: guest.readFile(action.path) };
    case 'offer':
      guest.offer(action.device);
      return done;
    case 'rescind':
      guest.rescind(action.relid);
      return done;
    case 'channels':
      guest.setChannels(action.relid, action.count);
      return done;
    case 'suspend':
      guest.suspend();
      return done;
    case 'resume':
      guest.resume(action.relids);
      return done;
    case 'shutdown':
      guest.shutdown();
      return done;
    case 'connect':
      guest.connect(action.port);
      return done;
    case 'signal':
      return signal(guest, action.relid, action.times);
    case 'count':
      return count(guest, action.irq, action.cpu);
    case 'host':
      guest.hostDoes(action.act);
      return done;
    case 'refused':
      return { kind: 'count', count: guest.refused().get(action.reason) ?? 0 };
    default:
      return unreachable(action);
  }
}

function signal(guest: ScenarioGuest, relid: number, times: number): Answer {
  const sent = guest.signal(relid, times);
  if (sent === times) return done;
  return {
    kind: 'refused',
    code: 'not possible',
    reason: `the host has no open channel with relid ${relid}`,
  };
}

function count(guest: ScenarioGuest, irq: number, cpu: number | undefined): Answer {
  const found = guest.irqCount(irq, cpu);
  if (found !== undefined) return { kind: 'count', count: found };
  return { kind: 'refused', code: 'not possible', reason: `the guest has no IRQ ${irq} now` };
}

function mismatch(answer: Answer, expect: Expectation): string | undefined {
  if (answer.kind === 'refused') {
    if (expect.kind === 'errno' && expect.code === answer.code) return undefined;
    return `expected ${describeExpectation(expect)}, but got ${answer.code}: ${answer.reason}`;
  }
  switch (expect.kind) {
    case 'success':
      return undefined;
    case 'errno':
      return `expected ${expect.code}, but it succeeded`;
    case 'count': {
      const found = answer.kind === 'count' ? answer.count : undefined;
      return found === expect.count ? undefined : `expected ${expect.count}, but it is ${found}`;
    }
    case 'text': {
      const text = answer.kind === 'text' ? answer.text : '';
      if (text === expect.text || text === expect.text + '\n') return undefined;
      return `expected ${shortened(expect.text)}, but it is ${shortened(text)}`;
    }
    case 'contains': {
      const text = answer.kind === 'text' ? answer.text : '';
      if (text.includes(expect.text)) return undefined;
      return `expected a text that contains ${JSON.stringify(expect.text)}, but it is ${shortened(text)}`;
    }
    default:
      return unreachable(expect);
  }
}

function describeExpectation(expect: Expectation): string {
  switch (expect.kind) {
    case 'success':
      return 'success';
    case 'errno':
      return expect.code;
    case 'count':
      return String(expect.count);
    case 'text':
      return JSON.stringify(expect.text);
    case 'contains':
      return `a text that contains ${JSON.stringify(expect.text)}`;
    default:
      return unreachable(expect);
  }
}

const SHOWN_CHARACTERS = 160;

/** A text as a message shows it: its beginning, if it is long. */
function shortened(text: string): string {
  if (text.length <= SHOWN_CHARACTERS) return JSON.stringify(text);
  return `${JSON.stringify(text.slice(0, SHOWN_CHARACTERS))}… (${text.length} characters)`;
}
