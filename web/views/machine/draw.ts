import type { PictureCpu, PictureFrame } from 'irqlab/browser';
import { shortCount } from '../../lib/number-text.js';
import type { PictureSeen } from '../../worker/protocol.js';
import { type Colours, heatStep } from './colours.js';
import { type Flash, Flashes } from './flashes.js';
import { cellLeft, type Geometry, rowTop, visible } from './geometry.js';
import type { MarksOfRows } from './marks.js';

/** All that the picture shows. */
export interface Shown {
  readonly geometry: Geometry;
  readonly frame: PictureFrame;
  readonly seen: PictureSeen;
  /** What a cell's colour and number say, by its index in what was seen; of a row the same. */
  readonly cell: (at: number) => number;
  readonly total: (at: number) => number;
  readonly marks: MarksOfRows;
  readonly flashes: Iterable<Flash>;
  readonly cursor: { readonly row: number; readonly cpu: number };
  readonly hasFocus: boolean;
  /** A mark that is being moved: its row, and the CPUs where it would go. */
  readonly dragged: { readonly row: number; readonly cpus: readonly number[] } | undefined;
  readonly colours: Colours;
  readonly nowMs: number;
}

const FONT = 'ui-monospace, "Cascadia Mono", "DejaVu Sans Mono", Menlo, Consolas, monospace';
/** Cells are wide enough for a number. */
const NUMBER_WIDTH = 40;
const NUMBER_HEIGHT = 15;

/** Draws what is seen of the picture. @returns the largest value of what is seen, where the scale ends. */
export function draw(context: CanvasRenderingContext2D, shown: Shown): number {
  const { geometry, colours } = shown;
  const { width, height, gutter, header } = geometry;
  context.fillStyle = colours.paper;
  context.fillRect(0, 0, width, height);
  const most = scaleEnd(shown);
  clipped(context, gutter, header, width - gutter, height - header, () => {
    drawCells(context, shown, most);
    drawOffline(context, shown);
    drawMarks(context, shown);
    drawFlashes(context, shown);
    drawCursor(context, shown);
  });
  context.fillStyle = colours.panel;
  context.fillRect(0, 0, gutter, header);
  clipped(context, 0, header, gutter, height - header, () => drawLabels(context, shown));
  clipped(context, gutter, 0, width - gutter, header, () => drawHeader(context, shown));
  return most;
}

function clipped(
  context: CanvasRenderingContext2D,
  x: number,
  y: number,
  width: number,
  height: number,
  paint: () => void,
): void {
  context.save();
  context.beginPath();
  context.rect(x, y, width, height);
  context.clip();
  paint();
  context.restore();
}

/** The next 1, 2 or 5 with zeros behind it, so that colours do not change with each count. */
function scaleEnd({ geometry, seen, cell }: Shown): number {
  const { firstRow, firstCpu, rows, cpus } = visible(geometry);
  let most = 0;
  for (let row = firstRow; row < firstRow + rows; row++)
    for (let cpu = firstCpu; cpu < firstCpu + cpus; cpu++) {
      const at = indexOf(seen, row, cpu);
      if (at !== undefined) most = Math.max(most, cell(at));
    }
  if (most <= 0) return 0;
  const power = 10 ** Math.floor(Math.log10(most));
  return power * ([1, 2, 5].find((factor) => factor * power >= most) ?? 10);
}

/** Index in what was seen; undefined: it was not. */
function indexOf(
  { window: { firstRow, rows, firstCpu, cpus } }: PictureSeen,
  row: number,
  cpu: number,
): number | undefined {
  const y = row - firstRow;
  const x = cpu - firstCpu;
  return y < 0 || y >= rows || x < 0 || x >= cpus ? undefined : y * cpus + x;
}

function drawCells(context: CanvasRenderingContext2D, shown: Shown, most: number): void {
  const { geometry, frame, seen, cell, colours, cursor } = shown;
  const { cellWidth, rowHeight, gutter, width } = geometry;
  const { firstRow, firstCpu, rows, cpus } = visible(geometry);
  const hasNumbers = cellWidth >= NUMBER_WIDTH && rowHeight >= NUMBER_HEIGHT;
  context.font = `11px ${FONT}`;
  context.textAlign = 'right';
  context.textBaseline = 'middle';
  for (let row = firstRow; row < firstRow + rows; row++) {
    const top = rowTop(geometry, row);
    if (row === cursor.row) {
      context.fillStyle = colours.chosen;
      context.fillRect(gutter, top, width - gutter, rowHeight);
    }
    if (frame.rows[row]?.isTotal) continue;
    for (let cpu = firstCpu; cpu < firstCpu + cpus; cpu++) {
      const at = indexOf(seen, row, cpu);
      const value = at === undefined ? 0 : cell(at);
      if (value <= 0) continue;
      const left = cellLeft(geometry, cpu);
      const step = heatStep(value, most);
      context.fillStyle = colours.heat[step];
      context.fillRect(left + 0.5, top + 0.5, cellWidth - 1, rowHeight - 1);
      if (!hasNumbers) continue;
      context.fillStyle = colours.heatInk[step];
      context.fillText(shortCount(value), left + cellWidth - 4, top + rowHeight / 2);
    }
  }
  context.strokeStyle = colours.line;
  context.lineWidth = 1;
  context.beginPath();
  for (let row = firstRow; row <= firstRow + rows; row++) {
    const y = Math.round(rowTop(geometry, row)) + 0.5;
    context.moveTo(gutter, y);
    context.lineTo(Math.min(width, cellLeft(geometry, geometry.cpus)), y);
  }
  context.stroke();
}

/** CPUs that are offline are hatched, places without a CPU densely so. */
function drawOffline(context: CanvasRenderingContext2D, { geometry, frame, colours }: Shown): void {
  const { header, height, cellWidth } = geometry;
  const { firstCpu, cpus } = visible(geometry);
  const bottom = Math.min(height, rowTop(geometry, geometry.rows));
  for (let cpu = firstCpu; cpu < firstCpu + cpus; cpu++) {
    const { isOnline, isPresent } = frame.cpus[cpu];
    if (isOnline) continue;
    const left = cellLeft(geometry, cpu);
    clipped(context, left + 0.5, header, cellWidth - 1, bottom - header, () => {
      context.strokeStyle = colours.quiet;
      context.globalAlpha = isPresent ? 0.55 : 0.9;
      context.lineWidth = 1;
      context.beginPath();
      const distance = isPresent ? 8 : 4;
      for (let y = header - cellWidth - (geometry.scrollTop % distance); y < bottom; y += distance) {
        context.moveTo(left, y + cellWidth);
        context.lineTo(left + cellWidth, y);
      }
      context.stroke();
      context.globalAlpha = 1;
    });
  }
}

/** Where lines may go: a bar below. Where they do: a frame. Where the host still is: a broken frame, with an arrow. */
function drawMarks(context: CanvasRenderingContext2D, shown: Shown): void {
  const { geometry, frame, seen, marks, colours, dragged } = shown;
  const { cellWidth, rowHeight } = geometry;
  const { firstRow, firstCpu, rows, cpus } = visible(geometry);
  const outline = (row: number, cpu: number): void =>
    context.strokeRect(
      cellLeft(geometry, cpu) + 1.5,
      rowTop(geometry, row) + 1.5,
      cellWidth - 3,
      rowHeight - 3,
    );
  for (let row = firstRow; row < firstRow + rows; row++) {
    const { affinity, effective } = marks.of(row);
    context.fillStyle = colours.accent;
    if (affinity.size > 0)
      for (let cpu = firstCpu; cpu < firstCpu + cpus; cpu++)
        if (affinity.has(cpu))
          context.fillRect(
            cellLeft(geometry, cpu) + 1,
            rowTop(geometry, row) + rowHeight - 2.5,
            cellWidth - 2,
            2,
          );
    context.strokeStyle = colours.accent;
    context.lineWidth = 2;
    for (const cpu of effective) outline(row, cpu);
  }
  for (const { row, cpu, hostCpu } of seen.channels) {
    if (row < firstRow || row >= firstRow + rows) continue;
    context.strokeStyle = colours.accent;
    context.lineWidth = 2;
    if (frame.rows[row]?.irq === undefined) outline(row, cpu);
    if (cpu === hostCpu) continue;
    context.strokeStyle = colours.warn;
    context.fillStyle = colours.warn;
    context.setLineDash([3, 2]);
    outline(row, hostCpu);
    context.setLineDash([]);
    drawArrow(context, geometry, row, hostCpu, cpu);
  }
  if (dragged === undefined) return;
  context.strokeStyle = colours.accent;
  context.lineWidth = 2;
  context.setLineDash([4, 2]);
  for (const cpu of dragged.cpus) outline(dragged.row, cpu);
  context.setLineDash([]);
}

function drawArrow(
  context: CanvasRenderingContext2D,
  geometry: Geometry,
  row: number,
  from: number,
  to: number,
): void {
  const { cellWidth, rowHeight } = geometry;
  const y = rowTop(geometry, row) + rowHeight / 2;
  const begin = cellLeft(geometry, from) + cellWidth / 2;
  const way = Math.sign(to - from);
  const end = cellLeft(geometry, to) + cellWidth / 2 - way * Math.min(8, cellWidth / 3);
  context.lineWidth = 1.5;
  context.beginPath();
  context.moveTo(begin, y);
  context.lineTo(end, y);
  context.stroke();
  context.beginPath();
  context.moveTo(end + way * 6, y);
  context.lineTo(end - way, y - 4);
  context.lineTo(end - way, y + 4);
  context.fill();
}

function drawFlashes(context: CanvasRenderingContext2D, { geometry, flashes, colours, nowMs }: Shown): void {
  const { cellWidth, rowHeight } = geometry;
  for (const flash of flashes) {
    const left = cellLeft(geometry, flash.cpu);
    const top = rowTop(geometry, flash.row);
    context.globalAlpha = Flashes.strength(flash, nowMs);
    context.lineWidth = 3;
    if (flash.kind === 'lost') {
      context.fillStyle = colours.bad;
      context.fillRect(left, top, cellWidth, rowHeight);
      context.strokeStyle = colours.paper;
      context.beginPath();
      context.moveTo(left + 3, top + 3);
      context.lineTo(left + cellWidth - 3, top + rowHeight - 3);
      context.moveTo(left + cellWidth - 3, top + 3);
      context.lineTo(left + 3, top + rowHeight - 3);
      context.stroke();
    } else {
      context.strokeStyle = flash.kind === 'coalesced' ? colours.warn : colours.accent;
      context.strokeRect(left + 1.5, top + 1.5, cellWidth - 3, rowHeight - 3);
    }
    context.globalAlpha = 1;
  }
}

function drawCursor(context: CanvasRenderingContext2D, { geometry, cursor, hasFocus, colours }: Shown): void {
  if (!hasFocus) return;
  const { cellWidth, rowHeight } = geometry;
  context.strokeStyle = colours.ink;
  context.lineWidth = 1;
  context.setLineDash([2, 2]);
  context.strokeRect(
    cellLeft(geometry, cursor.cpu) + 3.5,
    rowTop(geometry, cursor.row) + 3.5,
    cellWidth - 7,
    rowHeight - 7,
  );
  context.setLineDash([]);
}

function drawLabels(
  context: CanvasRenderingContext2D,
  { geometry, frame, seen, total, colours, cursor }: Shown,
): void {
  const { gutter, rowHeight, height, header } = geometry;
  const { firstRow, rows } = visible(geometry);
  const isWide = gutter > 200;
  context.fillStyle = colours.panel;
  context.fillRect(0, header, gutter, height - header);
  context.textBaseline = 'middle';
  const size = Math.min(12, rowHeight - 1);
  for (let row = firstRow; row < firstRow + rows; row++) {
    const described = frame.rows[row];
    if (described === undefined) continue;
    const middle = rowTop(geometry, row) + rowHeight / 2;
    if (row === cursor.row) {
      context.fillStyle = colours.chosen;
      context.fillRect(0, rowTop(geometry, row), gutter, rowHeight);
    }
    if (rowHeight < 9) continue;
    const numberEnd = isWide ? 44 : 36;
    const { label, name, chip, irq, channel } = described;
    context.fillStyle = colours.ink;
    context.font = `${size}px ${FONT}`;
    const short = irq === undefined && channel !== undefined ? `r${channel.relid}` : label;
    context.textAlign = 'right';
    context.fillText(short, numberEnd, middle, numberEnd - 4);
    context.textAlign = 'left';
    const nameRoom = gutter - numberEnd - (isWide ? 62 : 6);
    context.fillText(fitting(context, name || chip, nameRoom), numberEnd + 8, middle);
    if (!isWide) continue;
    context.textAlign = 'right';
    context.fillStyle = colours.quiet;
    const value = total(row - seen.window.firstRow);
    if (value > 0) context.fillText(shortCount(value), gutter - 6, middle);
  }
}

/** As much of a text as there is room for. */
function fitting(context: CanvasRenderingContext2D, text: string, room: number): string {
  const width = context.measureText('0').width;
  const most = Math.max(1, Math.floor(room / width));
  return text.length <= most ? text : `${text.slice(0, most - 1)}…`;
}

function drawHeader(context: CanvasRenderingContext2D, { geometry, frame, colours, cursor }: Shown): void {
  const { width, gutter, header, nodeBand, cellWidth } = geometry;
  const { firstCpu, cpus } = visible(geometry);
  context.fillStyle = colours.panel;
  context.fillRect(gutter, 0, width - gutter, header);
  context.font = `11px ${FONT}`;
  context.textBaseline = 'middle';
  context.textAlign = 'center';
  const every = Math.max(1, Math.ceil(26 / cellWidth));
  for (let cpu = firstCpu; cpu < firstCpu + cpus; cpu++) {
    const { isOnline } = frame.cpus[cpu];
    const middle = cellLeft(geometry, cpu) + cellWidth / 2;
    if (cpu === cursor.cpu) {
      context.fillStyle = colours.chosen;
      context.fillRect(cellLeft(geometry, cpu), nodeBand, cellWidth, header - nodeBand);
    }
    if (cpu % every !== 0) continue;
    context.fillStyle = isOnline ? colours.ink : colours.quiet;
    const text = cellWidth >= NUMBER_WIDTH ? `CPU${cpu}` : String(cpu);
    context.fillText(text, middle, nodeBand + (header - nodeBand) / 2);
    if (isOnline) continue;
    context.strokeStyle = colours.quiet;
    const half = context.measureText(text).width / 2 + 2;
    context.beginPath();
    context.moveTo(middle - half, nodeBand + (header - nodeBand) / 2);
    context.lineTo(middle + half, nodeBand + (header - nodeBand) / 2);
    context.stroke();
  }
  if (nodeBand > 0) drawNodes(context, geometry, frame.cpus, colours);
}

function drawNodes(
  context: CanvasRenderingContext2D,
  geometry: Geometry,
  cpus: readonly PictureCpu[],
  colours: Colours,
): void {
  context.strokeStyle = colours.quiet;
  context.fillStyle = colours.quiet;
  context.lineWidth = 1;
  for (let first = 0; first < cpus.length; ) {
    let end = first;
    while (cpus[end + 1]?.node === cpus[first].node) end += 1;
    const left = cellLeft(geometry, first) + 2;
    const right = cellLeft(geometry, end + 1) - 2;
    context.beginPath();
    context.moveTo(left, 17);
    context.lineTo(left, 13);
    context.lineTo(right, 13);
    context.lineTo(right, 17);
    context.stroke();
    const text = `node ${cpus[first].node}`;
    const middle = Math.max(left, geometry.gutter) / 2 + Math.min(right, geometry.width) / 2;
    context.fillText(text, middle, 7);
    first = end + 1;
  }
}
