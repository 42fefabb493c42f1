// What a report rests on, in words.
import { counted } from '../../lib/counted.js';
import type { MemoryModel } from '../model.js';
import type { Report } from './report.js';

/** The memory of a search, with the words whose stores it could delay: a model need not have any. */
export function memoryText(memory: MemoryModel, buffered: readonly string[]): string {
  if (memory === 'sc') return 'sequentially consistent memory';
  const isTso = memory === 'tso';
  if (buffered.length > 0) {
    return `${isTso ? 'x86 store buffers (TSO)' : 'arm64 memory'}, for ${buffered.join(', ')}`;
  }
  const asked = isTso ? 'TSO' : 'arm64';
  return `sequentially consistent memory: ${asked} was asked for, but no store of this model is one that waits in a buffer`;
}

/** What was covered. A bounded search never claims to be complete. */
export function coverageText({ complete, limits }: Report): string {
  return complete ? 'complete' : limits.join('; ');
}

/** How much work the search was. */
export function effortText(report: Report): string {
  const { executions, redundant, steps, depth, seconds, states, strategy, memory, buffered = [] } = report;
  const given = redundant === 0 ? '' : ` and ${number(redundant)} given up as repetitions`;
  const reached = states === undefined ? '' : `${numbered(states, 'state')}, `;
  const time = seconds === undefined ? '' : `, ${seconds.toFixed(2)} s`;
  return (
    `${reached}${numbered(executions, 'execution')}${given}, ${numbered(steps, 'step')}, longest ${depth}${time}\n` +
    `${strategy}; ${memoryText(memory, buffered)}`
  );
}

/** What the sanitizer says of the executions that were run. */
export function sanitizedText(unannounced: number): string {
  if (unannounced === 0) return 'no unannounced access';
  return unannounced === 1 ? '1 unannounced access' : `${number(unannounced)} unannounced accesses`;
}

/** So many of what `one` names, with commas between thousands. */
export function numbered(count: number, one: string): string {
  return counted(count, one, number(count));
}

/** With commas between thousands, the same everywhere. */
export function number(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, ',');
}
