import type { PictureCpu, PictureWindow } from 'irqlab/browser';

/** Sizes of the picture's parts in CSS pixels, and which part of it is seen. */
export interface Geometry {
  readonly width: number;
  readonly height: number;
  readonly scrollLeft: number;
  readonly scrollTop: number;
  /** Of the labels on the left, which do not scroll. */
  readonly gutter: number;
  /** Of nodes and CPU numbers above, which do not scroll. */
  readonly header: number;
  readonly nodeBand: number;
  readonly cellWidth: number;
  readonly rowHeight: number;
  readonly rows: number;
  readonly cpus: number;
}

/** What is at a point. */
export type Place =
  | { readonly kind: 'cell'; readonly row: number; readonly cpu: number }
  | { readonly kind: 'label'; readonly row: number }
  | { readonly kind: 'cpu'; readonly cpu: number }
  | { readonly kind: 'node'; readonly node: number }
  | { readonly kind: 'nothing' };

export interface Sizes {
  readonly width: number;
  readonly height: number;
  readonly scrollLeft: number;
  readonly scrollTop: number;
  readonly zoom: number;
}

const NARROW = 600;

export function geometryOf(
  { width, height, scrollLeft, scrollTop, zoom }: Sizes,
  rows: number,
  cpus: readonly PictureCpu[],
): Geometry {
  const gutter = width < NARROW ? 128 : 268;
  const nodeBand = cpus.some(({ node }) => node !== cpus[0]?.node) ? 18 : 0;
  const fitted = (width - gutter) / Math.max(1, cpus.length);
  const cellWidth = Math.max(6, Math.min(76, Math.max(width < NARROW ? 26 : 9, fitted)) * zoom);
  return {
    width,
    height,
    scrollLeft,
    scrollTop,
    gutter,
    header: 22 + nodeBand,
    nodeBand,
    cellWidth,
    rowHeight: Math.max(8, Math.min(30, Math.round(22 * Math.sqrt(zoom)))),
    rows,
    cpus: cpus.length,
  };
}

/** Size of all of the picture. */
export function extent({ gutter, header, cellWidth, rowHeight, rows, cpus }: Geometry): {
  width: number;
  height: number;
} {
  return { width: gutter + cellWidth * cpus, height: header + rowHeight * rows };
}

export function cellLeft({ gutter, cellWidth, scrollLeft }: Geometry, cpu: number): number {
  return gutter + cpu * cellWidth - scrollLeft;
}

export function rowTop({ header, rowHeight, scrollTop }: Geometry, row: number): number {
  return header + row * rowHeight - scrollTop;
}

/** The rows and CPUs that are seen, the last ones perhaps in part. */
export function visible(geometry: Geometry): PictureWindow {
  const { width, height, gutter, header, cellWidth, rowHeight, scrollLeft, scrollTop } = geometry;
  const firstRow = Math.floor(scrollTop / rowHeight);
  const firstCpu = Math.floor(scrollLeft / cellWidth);
  const rows = Math.ceil((scrollTop + height - header) / rowHeight) - firstRow;
  const cpus = Math.ceil((scrollLeft + width - gutter) / cellWidth) - firstCpu;
  return {
    firstRow,
    firstCpu,
    rows: Math.max(0, Math.min(rows, geometry.rows - firstRow)),
    cpus: Math.max(0, Math.min(cpus, geometry.cpus - firstCpu)),
  };
}

const BLOCK = 32;

/** What is asked for: what is seen in blocks, so that who scrolls a little still sees what has been asked for. */
export function wanted(geometry: Geometry): PictureWindow {
  const { firstRow, rows, firstCpu, cpus } = visible(geometry);
  const row = blockBegin(firstRow);
  const cpu = blockBegin(firstCpu);
  return {
    firstRow: row,
    rows: Math.min(geometry.rows, blockBegin(firstRow + rows + BLOCK)) - row,
    firstCpu: cpu,
    cpus: Math.min(geometry.cpus, blockBegin(firstCpu + cpus + BLOCK)) - cpu,
  };
}

function blockBegin(at: number): number {
  return Math.floor(at / BLOCK) * BLOCK;
}

/** What is at a point of what is seen. */
export function placeAt(geometry: Geometry, cpus: readonly PictureCpu[], x: number, y: number): Place {
  const { gutter, header, nodeBand, cellWidth, rowHeight, scrollLeft, scrollTop, rows } = geometry;
  const row = Math.floor((y - header + scrollTop) / rowHeight);
  const cpu = Math.floor((x - gutter + scrollLeft) / cellWidth);
  const isCpu = x >= gutter && cpu < cpus.length;
  if (y < header) {
    if (!isCpu) return { kind: 'nothing' };
    return y < nodeBand ? { kind: 'node', node: cpus[cpu].node } : { kind: 'cpu', cpu };
  }
  if (row >= rows) return { kind: 'nothing' };
  if (x < gutter) return { kind: 'label', row };
  return isCpu ? { kind: 'cell', row, cpu } : { kind: 'nothing' };
}
