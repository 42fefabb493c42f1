import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';
import { theme } from '../../store/theme.js';
import { draw, markAt, type Span, timeText, TITLES, topsOf, zoomed } from './draw.js';
import type { Lanes, Mark } from './lanes.js';

interface LaneCanvasProps {
  readonly shown: Lanes;
  readonly span: Span;
  readonly chosen: Mark | undefined;
  readonly setSpan: (span: Span) => void;
  readonly choose: (mark: Mark | undefined) => void;
}

/** The lanes as a picture: the wheel zooms, dragging moves; + - 0 and arrows do the same. */
export function LaneCanvas({ shown, span, chosen, setSpan, choose }: LaneCanvasProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const drag = useRef<{ readonly x: number; readonly span: Span } | undefined>(undefined);
  const redraw = (): void => {
    if (canvas.current !== null) draw(canvas.current, shown, span, chosen);
  };
  useLayoutEffect(redraw, [shown, span, chosen, theme.value]);
  useEffect(() => {
    addEventListener('resize', redraw);
    return () => removeEventListener('resize', redraw);
  });
  const usAt = (x: number): number => {
    const width = canvas.current?.clientWidth ?? 1;
    return span.fromUs + ((x - TITLES) / Math.max(width - TITLES, 1)) * (span.toUs - span.fromUs);
  };
  const moved = (from: Span, part: number): Span => {
    const us = (from.toUs - from.fromUs) * part;
    return { fromUs: from.fromUs + us, toUs: from.toUs + us };
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const spans: Readonly<Record<string, () => Span>> = {
      '+': () => zoomed(span, 0.5),
      '-': () => zoomed(span, 2),
      ArrowLeft: () => moved(span, -0.2),
      ArrowRight: () => moved(span, 0.2),
      '0': () => ({ fromUs: shown.fromUs - 0.01, toUs: shown.toUs + 0.01 }),
    };
    const next = spans[event.key];
    if (next === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    setSpan(next());
  };
  return (
    <div
      class="lane-canvas"
      role="region"
      aria-label={`Lanes ${shown.lanes.map(({ title }) => title).join(', ')}, from ${timeText(span.fromUs)} to ${timeText(span.toUs)}; the events are listed below`}
      tabIndex={0}
      onKeyDown={onKeyDown}
    >
      <canvas
        ref={canvas}
        style={{ height: `${topsOf(shown).at(-1) ?? 0}px` }}
        onWheel={(event) => {
          if (!event.ctrlKey && !event.shiftKey && Math.abs(event.deltaX) > Math.abs(event.deltaY)) return;
          event.preventDefault();
          setSpan(zoomed(span, event.deltaY > 0 ? 1.25 : 0.8, usAt(event.offsetX)));
        }}
        onPointerDown={(event) => {
          drag.current = { x: event.offsetX, span };
          event.currentTarget.setPointerCapture(event.pointerId);
        }}
        onPointerMove={(event) => {
          const { clientWidth } = event.currentTarget;
          if (drag.current === undefined)
            return choose(markAt(shown, span, clientWidth, event.offsetX, event.offsetY) ?? chosen);
          const part = (drag.current.x - event.offsetX) / Math.max(clientWidth - TITLES, 1);
          setSpan(moved(drag.current.span, part));
        }}
        onPointerUp={() => {
          drag.current = undefined;
        }}
      />
    </div>
  );
}
