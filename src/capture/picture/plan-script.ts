import { formatCpuList } from '../../machine/cpumask-text.js';
import { CpuMask } from '../../machine/cpumask.js';
import type { Move, OfflinePlan } from './offline-plan.js';

/** A plan as a shell script for the machine. @param source what the plan was made of. */
export function planScript({ cpus, moves }: OfflinePlan, source: string): string {
  const list = formatCpuList(CpuMask.of(1 + Math.max(...cpus), cpus));
  const width = Math.max(0, ...moves.map((move) => callOf(move).length));
  const lines = moves.map((move) => `${callOf(move).padEnd(width)}  # ${commentOf(move)}\n`).join('');
  return `#!/bin/sh
# Takes ${cpus.length === 1 ? 'CPU' : 'CPUs'} ${list} offline: channels of VMBus that are there are moved first. For root. Made by irqlab of
# ${source.replaceAll(/[^ -~]/g, '?')}; a guest made of the same has done these writes.
set -e
move() { # a channel, by its relid, to a CPU
  echo "$2" | tee /sys/bus/vmbus/devices/*/channels/"$1"/cpu >/dev/null
}
${lines}for cpu in ${cpus.join(' ')}; do echo 0 >/sys/devices/system/cpu/cpu$cpu/online; done
`;
}

function callOf({ relid, to }: Move): string {
  return `move ${relid} ${to}`;
}

function commentOf({ name, from, perSecond }: Move): string {
  const rate = perSecond === undefined ? '' : `, ${Number(perSecond.toPrecision(3))}/s`;
  return `${name}: from CPU ${from}${rate}`;
}
