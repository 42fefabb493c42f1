import { useSignal, useSignalEffect } from '@preact/signals';
import { useEffect, useLayoutEffect, useMemo, useRef } from 'preact/hooks';
import { formatCpuList } from '../../lib/cpu-list.js';
import { isPlaying } from '../../store/guest.js';
import { look } from '../../store/looking.js';
import { isDark } from '../../store/theme.js';
import { describeCell } from './cell-text.js';
import { darkColours, lightColours } from './colours.js';
import { draw } from './draw.js';
import { Flashes } from './flashes.js';
import {
  cellLeft,
  extent,
  type Geometry,
  geometryOf,
  type Place,
  placeAt,
  rowTop,
  wanted,
} from './geometry.js';
import { Legend } from './legend.js';
import { MarksOfRows } from './marks.js';
import { cursor, frame, mode, move, seen, switchCpu, zoom } from './model.js';
import { Rates } from './rates.js';

interface Drag {
  readonly row: number;
  /** Where the mark would go. */
  readonly cpus: readonly number[];
}

/** The heat map: CPUs × rows of /proc/interrupts. It can be as large as it likes; what is seen of it is drawn. */
export function HeatMap() {
  const scroller = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const size = useSignal({ width: 0, height: 0, scrollLeft: 0, scrollTop: 0 });
  const hasFocus = useSignal(false);
  const drag = useSignal<Drag | undefined>(undefined);
  const said = useSignal('');
  const most = useSignal(0);
  const rates = useMemo(() => new Rates(), []);
  const flashes = useMemo(() => new Flashes(), []);
  const wish = useRef<{ version: number }>({ version: 0 });
  const marks = useRef(new MarksOfRows(frame.peek()));

  const geometryNow = (): Geometry =>
    geometryOf({ ...size.value, zoom: zoom.value }, frame.value.rows.length, frame.value.cpus);

  useEffect(
    () =>
      look({
        wish: () => {
          const { width } = size.peek();
          return width === 0
            ? undefined
            : {
                picture: {
                  window: wanted(geometryPeek()),
                  version: wish.current.version,
                  row: cursor.peek().row,
                },
              };
        },
        see: ({ picture, state: { ns } }) => {
          if (picture === undefined) return;
          const nowMs = performance.now();
          rates.see(picture, ns, nowMs);
          flashes.see(picture, !isPlaying.peek(), nowMs);
          wish.current.version = picture.version;
          if (picture.frame !== undefined) {
            frame.value = picture.frame;
            marks.current = new MarksOfRows(picture.frame);
          }
          seen.value = picture;
        },
      }),
    [],
  );

  function geometryPeek(): Geometry {
    const { rows, cpus } = frame.peek();
    return geometryOf({ ...size.peek(), zoom: zoom.peek() }, rows.length, cpus);
  }

  // Measured before it is first seen, so that the first click finds what it is at.
  useLayoutEffect(() => {
    const { current } = scroller;
    if (current === null) return;
    const measure = (): void => {
      const { clientWidth: width, clientHeight: height, scrollLeft, scrollTop } = current;
      size.value = { width, height, scrollLeft, scrollTop };
    };
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(current);
    current.addEventListener('scroll', measure, { passive: true });
    return () => {
      observer.disconnect();
      current.removeEventListener('scroll', measure);
    };
  }, []);

  // Whatever of this changes, the picture is drawn at the next frame of the screen, and again while something flashes.
  useSignalEffect(() => {
    const geometry = geometryNow();
    const picture = seen.value;
    const isRate = mode.value === 'rate';
    const at = cursor.value;
    const focus = hasFocus.value;
    const dragged = drag.value;
    const colours = isDark.value ? darkColours : lightColours;
    const described = frame.value;
    let request = requestAnimationFrame(function paint() {
      const context = prepared(canvas.current, geometry);
      if (context === undefined || picture === undefined) return;
      const flashing = [...flashes.now(performance.now())];
      const end = draw(context, {
        geometry,
        frame: described,
        seen: picture,
        cell: isRate ? (i) => rates.cell(i) : (i) => picture.counts[i],
        total: isRate ? (i) => rates.total(i) : (i) => picture.totals[i] ?? 0,
        marks: marks.current,
        flashes: flashing,
        cursor: at,
        hasFocus: focus,
        dragged,
        colours,
        nowMs: performance.now(),
      });
      if (end !== most.peek()) most.value = end;
      if (flashing.length > 0) request = requestAnimationFrame(paint);
    });
    return () => cancelAnimationFrame(request);
  });

  const tell = (place: { readonly row: number; readonly cpu: number }): void => {
    said.value = describeCell(place.row, place.cpu, mode.value === 'rate' ? rates : undefined);
  };

  const placeOf = ({ offsetX, offsetY }: MouseEvent): Place =>
    placeAt(geometryNow(), frame.value.cpus, offsetX, offsetY);

  /** The line goes to that CPU. */
  function isFrame(place: Place): boolean {
    if (place.kind !== 'cell') return false;
    const channel = seen.peek()?.channels.find(({ row }) => row === place.row);
    return marks.current.of(place.row).effective.includes(place.cpu) || channel?.cpu === place.cpu;
  }

  /** Or it may go there. */
  function isMark(place: Place & { readonly kind: 'cell' }): boolean {
    return isFrame(place) || marks.current.of(place.row).affinity.has(place.cpu);
  }

  const onPointerDown = (event: PointerEvent): void => {
    const place = placeOf(event);
    if (event.button !== 0) return;
    if (place.kind === 'label') cursor.value = { ...cursor.value, row: place.row };
    if (place.kind !== 'cell') return;
    cursor.value = place;
    tell(place);
    if (!isMark(place) || (event.pointerType === 'touch' && !isFrame(place))) return;
    canvas.current?.setPointerCapture(event.pointerId);
    drag.value = { row: place.row, cpus: [place.cpu] };
  };

  const onPointerMove = (event: PointerEvent): void => {
    const place = placeOf(event);
    if (drag.value === undefined) {
      if (place.kind === 'cell') tell(place);
      return;
    }
    const cpus = cpusOf(place);
    if (cpus !== undefined) drag.value = { row: drag.value.row, cpus };
  };

  const onPointerUp = (event: PointerEvent): void => {
    const dragged = drag.value;
    drag.value = undefined;
    const cpus = cpusOf(placeOf(event));
    if (dragged === undefined || cpus === undefined) return;
    const row = frame.value.rows[dragged.row];
    const isHere = cpus.length === 1 && cpus[0] === cursor.value.cpu;
    if (row === undefined || isHere) return;
    cursor.value = { row: dragged.row, cpu: cpus[0] };
    void move(row, formatCpuList(cpus));
  };

  /** A finger on a frame drags it; anywhere else it scrolls the map. */
  const onTouchStart = (event: TouchEvent): void => {
    const [touch] = event.touches;
    const { current } = canvas;
    if (event.touches.length !== 1 || touch === undefined || current === null) return;
    const { left, top } = current.getBoundingClientRect();
    const place = placeAt(geometryPeek(), frame.peek().cpus, touch.clientX - left, touch.clientY - top);
    if (isFrame(place) && event.cancelable) event.preventDefault();
  };

  const onClick = (event: MouseEvent): void => {
    const place = placeOf(event);
    if (place.kind !== 'cpu') return;
    cursor.value = { ...cursor.value, cpu: place.cpu };
    void switchCpu(place.cpu);
  };

  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (!onKey(event.key)) return;
    event.preventDefault();
    event.stopPropagation();
    bringIntoView(scroller.current, geometryNow(), cursor.value);
    tell(cursor.value);
  };

  /** What a key does. @returns false if it is none of the map's. */
  function onKey(key: string): boolean {
    const { row, cpu } = cursor.value;
    const { rows, cpus } = frame.value;
    const page = 10;
    const goal = {
      ArrowUp: [row - 1, cpu],
      ArrowDown: [row + 1, cpu],
      ArrowLeft: [row, cpu - 1],
      ArrowRight: [row, cpu + 1],
      PageUp: [row - page, cpu],
      PageDown: [row + page, cpu],
      Home: [row, 0],
      End: [row, cpus.length - 1],
    }[key];
    if (goal !== undefined) {
      const dragged = drag.value;
      const next = {
        row: dragged === undefined ? clamped(goal[0], rows.length) : row,
        cpu: clamped(goal[1], cpus.length),
      };
      cursor.value = next;
      if (dragged !== undefined) drag.value = { row: dragged.row, cpus: [next.cpu] };
      return true;
    }
    switch (key) {
      case 'Enter': {
        const dragged = drag.value;
        const picked = rows[row];
        if (picked?.irq === undefined && picked?.channel === undefined) return true;
        drag.value = dragged === undefined ? { row, cpus: [cpu] } : undefined;
        if (dragged !== undefined) void move(picked, formatCpuList(dragged.cpus));
        return true;
      }
      case 'Escape':
        if (drag.value === undefined) return false;
        drag.value = undefined;
        return true;
      case 'o':
        void switchCpu(cpu);
        return true;
      case '+':
      case '-':
        zoom.value = clampedZoom(zoom.value * (key === '+' ? 1.25 : 0.8));
        return true;
      default:
        return false;
    }
  }

  /** Where a mark goes that is dropped there. */
  function cpusOf(place: Place): readonly number[] | undefined {
    if (place.kind === 'cell' || place.kind === 'cpu') return [place.cpu];
    if (place.kind !== 'node') return undefined;
    return frame.value.cpus.flatMap(({ node }, cpu) => (node === place.node ? [cpu] : []));
  }

  const { width, height } = extent(geometryNow());
  return (
    <div class="map">
      <div class="map-scroller" ref={scroller}>
        <div class="map-extent" style={{ width: `${width}px`, height: `${height}px` }}>
          <canvas
            ref={canvas}
            role="application"
            tabIndex={0}
            aria-label="Interrupts by CPU"
            aria-roledescription="heat map"
            aria-describedby="map-said map-keys"
            onPointerDown={onPointerDown}
            onTouchStart={onTouchStart}
            onPointerMove={onPointerMove}
            onPointerUp={onPointerUp}
            onPointerCancel={() => {
              drag.value = undefined;
            }}
            onClick={onClick}
            onKeyDown={onKeyDown}
            onFocus={() => {
              hasFocus.value = true;
              tell(cursor.value);
            }}
            onBlur={() => {
              hasFocus.value = false;
              drag.value = undefined;
            }}
          />
        </div>
      </div>
      <p id="map-said" class="map-said" role="status">
        {drag.value === undefined ? said.value : `to CPU ${formatCpuList(drag.value.cpus)}`}
      </p>
      <Legend most={most.value} isRate={mode.value === 'rate'} />
    </div>
  );
}

function clamped(at: number, length: number): number {
  return Math.max(0, Math.min(length - 1, at));
}

export function clampedZoom(zoomed: number): number {
  return Math.max(0.4, Math.min(4, zoomed));
}

/** The canvas with as many points as the screen has there. */
function prepared(
  canvas: HTMLCanvasElement | null,
  { width, height }: Geometry,
): CanvasRenderingContext2D | undefined {
  if (canvas === null || width === 0) return undefined;
  const ratio = window.devicePixelRatio;
  const points = { width: Math.round(width * ratio), height: Math.round(height * ratio) };
  if (canvas.width !== points.width || canvas.height !== points.height) {
    Object.assign(canvas, points);
    canvas.style.width = `${width}px`;
    canvas.style.height = `${height}px`;
  }
  const context = canvas.getContext('2d', { alpha: false });
  context?.setTransform(ratio, 0, 0, ratio, 0, 0);
  return context ?? undefined;
}

function bringIntoView(
  scroller: HTMLDivElement | null,
  geometry: Geometry,
  { row, cpu }: { readonly row: number; readonly cpu: number },
): void {
  if (scroller === null) return;
  const { gutter, header, width, height, cellWidth, rowHeight } = geometry;
  const left = cellLeft(geometry, cpu);
  const top = rowTop(geometry, row);
  if (left < gutter) scroller.scrollLeft += left - gutter;
  else if (left + cellWidth > width) scroller.scrollLeft += left + cellWidth - width;
  if (top < header) scroller.scrollTop += top - header;
  else if (top + rowHeight > height) scroller.scrollTop += top + rowHeight - height;
}
