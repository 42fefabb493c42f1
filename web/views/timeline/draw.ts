import type { Lanes, Mark } from './lanes.js';

/** The part of the time that is shown, in us. */
export interface Span {
  readonly fromUs: number;
  readonly toUs: number;
}

export const TITLES = 130;
export const AXIS = 22;
const ROW = 15;
const GAP = 5;
const NARROWEST = 3;

/** Where each lane begins, and at the end where the last one ends. */
export function topsOf({ lanes }: Lanes): readonly number[] {
  const tops = [AXIS];
  for (const { depth } of lanes) tops.push((tops.at(-1) ?? 0) + depth * ROW + GAP);
  return tops;
}

export function xOf(us: number, { fromUs, toUs }: Span, width: number): number {
  return TITLES + ((us - fromUs) / Math.max(toUs - fromUs, 1e-6)) * (width - TITLES);
}

/** Draws lanes, marks, flows and the axis. @param chosen is marked. */
export function draw(canvas: HTMLCanvasElement, shown: Lanes, span: Span, chosen: Mark | undefined): void {
  const context = canvas.getContext('2d');
  if (context === null) return;
  const { clientWidth: width, clientHeight: height } = canvas;
  const ratio = devicePixelRatio || 1;
  canvas.width = width * ratio;
  canvas.height = height * ratio;
  context.scale(ratio, ratio);
  const style = getComputedStyle(canvas);
  const colour = (name: string): string => style.getPropertyValue(name).trim();
  const [ink, quiet, line, accent, bad] = ['--ink', '--quiet', '--line', '--mark', '--bad'].map(colour);
  context.font = '11px system-ui, sans-serif';
  context.textBaseline = 'middle';
  const tops = topsOf(shown);
  context.strokeStyle = line ?? '';
  context.fillStyle = quiet ?? '';
  for (const { us, text } of ticks(span, width)) {
    const x = Math.round(xOf(us, span, width)) + 0.5;
    context.beginPath();
    context.moveTo(x, AXIS);
    context.lineTo(x, height);
    context.stroke();
    context.fillText(text, x + 3, AXIS / 2);
  }
  context.save();
  context.beginPath();
  context.rect(TITLES, AXIS, width - TITLES, height);
  context.clip();
  shown.lanes.forEach(({ marks }, lane) => {
    let lastX = Number.NEGATIVE_INFINITY;
    let lastDepth = -1;
    for (const mark of marks) {
      const x = xOf(mark.atUs, span, width);
      if (x > width || x + (mark.lastsUs / (span.toUs - span.fromUs)) * width < TITLES) continue;
      // Of marks in the same place one is enough.
      if (x - lastX < 1 && mark.depth === lastDepth && mark.lastsUs === 0) continue;
      lastX = x;
      lastDepth = mark.depth;
      const wide = Math.max(NARROWEST, xOf(mark.atUs + mark.lastsUs, span, width) - x);
      const y = (tops[lane] ?? 0) + mark.depth * ROW;
      context.fillStyle = accent ?? '';
      context.fillRect(x, y, wide, ROW - 2);
      if (wide > 60) {
        context.fillStyle = colour('--accent-ink');
        context.fillText(mark.name, Math.max(x, TITLES) + 3, y + ROW / 2 - 1, wide - 6);
      }
    }
  });
  context.strokeStyle = bad ?? '';
  context.lineWidth = 1;
  for (const { fromUs, fromLane, toUs, toLane } of shown.flows) {
    if (toUs < span.fromUs || fromUs > span.toUs) continue;
    context.beginPath();
    context.moveTo(xOf(fromUs, span, width), (tops[fromLane] ?? 0) + ROW / 2);
    context.lineTo(xOf(toUs, span, width), (tops[toLane] ?? 0) + ROW / 2);
    context.stroke();
  }
  if (chosen !== undefined) {
    context.strokeStyle = ink ?? '';
    context.lineWidth = 2;
    const x = xOf(chosen.atUs, span, width);
    const wide = Math.max(NARROWEST, xOf(chosen.atUs + chosen.lastsUs, span, width) - x);
    context.strokeRect(x - 2, (tops[chosen.lane] ?? 0) + chosen.depth * ROW - 2, wide + 4, ROW + 2);
  }
  context.restore();
  context.fillStyle = ink ?? '';
  shown.lanes.forEach(({ title }, lane) => {
    context.fillText(title, 4, (tops[lane] ?? 0) + ROW / 2, TITLES - 8);
  });
}

/** The mark at a place of the canvas, the nearest in its lane; undefined: none is near. */
export function markAt(shown: Lanes, span: Span, width: number, x: number, y: number): Mark | undefined {
  const tops = topsOf(shown);
  const lane = shown.lanes.findIndex((_, at) => y >= (tops[at] ?? 0) && y < (tops[at + 1] ?? 0));
  const depth = Math.floor((y - (tops[lane] ?? 0)) / ROW);
  let best: Mark | undefined;
  let least = 6;
  for (const mark of shown.lanes[lane]?.marks ?? []) {
    if (mark.depth !== Math.max(0, depth)) continue;
    const left = xOf(mark.atUs, span, width);
    const right = Math.max(left + NARROWEST, xOf(mark.atUs + mark.lastsUs, span, width));
    const distance = Math.max(left - x, x - right, 0);
    if (distance >= least) continue;
    least = distance;
    best = mark;
  }
  return best;
}

/** Round times within the span, about 110 pixels apart. */
function ticks({ fromUs, toUs }: Span, width: number): { us: number; text: string }[] {
  const wish = ((toUs - fromUs) * 110) / Math.max(width - TITLES, 1);
  const power = 10 ** Math.floor(Math.log10(Math.max(wish, 1e-3)));
  const step = [1, 2, 5, 10].map((each) => each * power).find((each) => each >= wish) ?? power * 10;
  const found: { us: number; text: string }[] = [];
  for (let us = Math.ceil(fromUs / step) * step; us <= toUs; us += step)
    found.push({ us, text: timeText(us, step) });
  return found;
}

/** A time since the kernel was started, with the digits that a step of so many us needs. */
export function timeText(us: number, stepUs = 0.001): string {
  const digits = Math.min(9, Math.max(0, Math.ceil(6 - Math.log10(Math.max(stepUs, 1e-3)))));
  return `${(us / 1e6).toFixed(digits)} s`;
}

/** The span, so many times as wide, around its middle or another time. */
export function zoomed({ fromUs, toUs }: Span, times: number, aroundUs = (fromUs + toUs) / 2): Span {
  return { fromUs: aroundUs - (aroundUs - fromUs) * times, toUs: aroundUs + (toUs - aroundUs) * times };
}
