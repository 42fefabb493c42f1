import type { CpuId } from '../../lib/brand.js';
import type { Paint } from '../../command/paint.js';
import { formatCpuList } from '../../machine/cpumask-text.js';
import { CpuMask } from '../../machine/cpumask.js';
import { isMoved, type PictureDiff, type RateChange } from './diff.js';

/** Of diffText. */
export const diffPaint: Paint = [[/^(?! ).+$/gm, 'heading']];

/** What is otherwise, for people. @param before @param after what the pictures are called. */
export function diffText(diff: PictureDiff, before: string, after: string): string {
  const { moved, appeared, went, cpusCame, cpusWent, rates, figures, counted } = diff;
  const parts = [
    part('CPUs', [
      ...(cpusCame.length > 0 ? [`online now: ${list(cpusCame)}`] : []),
      ...(cpusWent.length > 0 ? [`no longer online: ${list(cpusWent)}`] : []),
    ]),
    part(
      'moved',
      moved.map(({ line, what, before: was, after: is }) => `${line}: ${what} ${was} → ${is}`),
    ),
    part('appeared', appeared),
    part('went', went),
    part(
      'rings and monitors',
      figures.map(({ line, what, before: was, after: is }) => `${line}: ${what} ${was} → ${is}`),
    ),
    ratePart('interrupts a second, by CPU', rates?.cpus),
    ratePart('interrupts a second, by device', rates?.devices),
    ratePart('interrupts a second, by line', rates?.lines),
    part(
      'interrupts in between',
      counted.map(({ line, times }) => `${line}: ${times}`),
    ),
  ].join('');
  const title = `${before} → ${after}\n`;
  return isMoved(diff) || parts !== '' ? title + parts : `${title}nothing has moved, appeared or gone\n`;
}

function part(title: string, lines: readonly string[]): string {
  return lines.length === 0 ? '' : `${title}\n${lines.map((line) => `  ${line}\n`).join('')}`;
}

function ratePart(title: string, changes: readonly RateChange[] = []): string {
  const width = Math.max(0, ...changes.map(({ of }) => of.length));
  const sorted = changes.toSorted((a, b) => a.of.localeCompare(b.of, 'en', { numeric: true }));
  return part(
    title,
    sorted.map(({ of, before, after }) => `${of.padEnd(width)}  ${rate(before)} → ${rate(after)}`),
  );
}

function rate(perSecond: number): string {
  return String(Number(perSecond.toPrecision(3)));
}

function list(cpus: readonly CpuId[]): string {
  return formatCpuList(CpuMask.of(1 + Math.max(...cpus), cpus));
}
