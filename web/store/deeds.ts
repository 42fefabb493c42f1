import { signal } from '@preact/signals';
import type { ControlAnswer } from 'irqlab/browser';
import { commandText } from '../lib/deed-text.js';
import { exactTime } from '../lib/time.js';

/** A command as `irqlab ctl` takes it: data, or YAML as the user has typed it. */
export type Command = object | string;

/** What was done by hand, when in ns since booting, and what the guest answered. */
export interface Deed {
  /** Counts deeds, from 1. */
  readonly number: number;
  readonly atNs: number;
  readonly command: Command;
  readonly answer: ControlAnswer;
}

/** All of them since the guest was booted, in order. */
export const deeds = signal<readonly Deed[]>([]);

export function recordDeed(done: Omit<Deed, 'number'>): Deed {
  const deed = { number: deeds.value.length + 1, ...done };
  deeds.value = [...deeds.value, deed];
  return deed;
}

/** Commands that no step of a timeline stands for. */
const noSteps = /^\{?\s*(status|dmesg|run|speed|stop|latency)\b/;
const errno = /^E[A-Z0-9]+$/;

/** What was done as parts of a scenario: steps of its timeline that expect what came of them, and workloads. */
export function deedsAsYaml(): string {
  const timeline: string[] = [];
  const workload: string[] = [];
  for (const { atNs, command, answer } of deeds.value) {
    const text = commandText(command);
    const time = exactTime(atNs);
    const started = typeof command === 'object' && 'workload' in command ? command.workload : undefined;
    if (typeof started === 'object' && started !== null && answer.ok)
      workload.push(`  - {${commandText({ ...started, from: time })}}`);
    else if (answer.ok && !noSteps.test(text) && started === undefined)
      timeline.push(`  - {at: ${time}, ${text}}`);
    else if (!answer.ok && errno.test(answer.code))
      timeline.push(`  - {at: ${time}, ${text}, expect: ${answer.code}}`);
    else if (!answer.ok && answer.code === 'a hang')
      timeline.push(`  - {at: ${time}, ${text}, expect: hang}`);
    else
      timeline.push(
        `  # at ${time}: ${text}${answer.ok ? '; no step of a timeline does that' : `; ${answer.message}`}`,
      );
  }
  return [...section('workload', workload), ...section('timeline', timeline)].join('');
}

function section(name: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : [`${name}:\n`, ...lines.map((line) => `${line}\n`)];
}
