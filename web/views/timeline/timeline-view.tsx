import { useComputed, useSignal, useSignalEffect } from '@preact/signals';
import { useEffect, useMemo } from 'preact/hooks';
import { saveFile } from '../../lib/save-file.js';
import { state } from '../../store/looking.js';
import { ask } from '../../store/worker.js';
import type { SavedFormat, Traced } from '../../worker/trace-protocol.js';
import { type Span, zoomed } from './draw.js';
import { LaneCanvas } from './lane-canvas.js';
import { lanesOf, type Mark } from './lanes.js';
import { MarkList } from './mark-list.js';
import './timeline.css';

/** Interrupts, what VMBus and the host do, CPUs that come and go: as `irqlab run --trace`. */
const DEFAULT_EVENTS = 'irq,hyperv,lab,cpuhp,workqueue';
/** A trace that grows is read so often, in ms. */
const READ_MS = 300;
const nothing: Traced = { isOn: false, events: [], overwritten: 0 };

/** What happened when: lanes of CPUs, tasks and the host's channels, out of the guest's trace. */
export function TimelineView() {
  const traced = useSignal<Traced>(nothing);
  const refused = useSignal<string | undefined>(undefined);
  const events = useSignal(DEFAULT_EVENTS);
  const span = useSignal<Span | undefined>(undefined);
  const chosen = useSignal<Mark | undefined>(undefined);
  const read = async (): Promise<void> => {
    const found = await ask<'traced'>({ kind: 'traced' });
    if (found.isOn !== traced.value.isOn || found.events.length !== traced.value.events.length)
      traced.value = found;
  };
  useEffect(() => {
    void read();
    const timer = setInterval(() => traced.value.isOn && void read(), READ_MS);
    return () => clearInterval(timer);
  }, []);
  const shown = useComputed(() => lanesOf(traced.value.events));
  const all = useMemo(
    () => (): Span => {
      const { fromUs, toUs } = shown.value;
      const marginUs = Math.max((toUs - fromUs) / 50, 0.01);
      return { fromUs: fromUs - marginUs, toUs: toUs + marginUs };
    },
    [],
  );
  // Another trace is shown whole.
  useSignalEffect(() => {
    if (traced.value.events.length > 0) span.value = all();
  });
  const { isOn, overwritten } = traced.value;
  const begin = async (): Promise<void> => {
    const names = events.value.split(',').filter((name) => name.trim() !== '');
    refused.value = await ask<'trace'>({ kind: 'trace', events: names });
    span.value = undefined;
    await read();
  };
  const count = shown.value.marks.length;
  return (
    <section class="pane timeline-view" aria-label="Timeline">
      <div class="line">
        {isOn ? (
          <button type="button" onClick={() => void ask<'untrace'>({ kind: 'untrace' }).then(read)}>
            Stop tracing
          </button>
        ) : (
          <button type="button" class="main" onClick={() => void begin()}>
            Trace
          </button>
        )}
        <label>
          <span class="label">Events</span>
          <input
            class="mono"
            size={32}
            spellcheck={false}
            disabled={isOn}
            value={events.value}
            onInput={({ currentTarget }) => {
              events.value = currentTarget.value;
            }}
          />
        </label>
        <Zoom span={span.value} all={all} set={(to) => (span.value = to)} isOff={count === 0} />
        <SaveAs isOff={count === 0} />
        <span role="status">
          {count} events
          {overwritten > 0 && `; ${overwritten} older ones had to make room`}
        </span>
      </div>
      {refused.value !== undefined && (
        <p role="alert" class="refused">
          {refused.value}
        </p>
      )}
      {count === 0 ? (
        <p class="quiet">
          {isOn
            ? `Nothing has happened yet${(state.value?.speed ?? 0) > 0 ? '' : ': let the guest run (Play, Step, Run to)'}.`
            : 'Trace, and let the guest run: its tracepoints are drawn here, with an arrow from each signal of the host to its arrival.'}
        </p>
      ) : (
        <>
          <LaneCanvas
            shown={shown.value}
            span={span.value ?? all()}
            chosen={chosen.value}
            setSpan={(to) => (span.value = to)}
            choose={(mark) => (chosen.value = mark)}
          />
          <MarkList
            shown={shown.value}
            span={span.value ?? all()}
            chosen={chosen.value}
            choose={(mark) => {
              chosen.value = mark;
              const { fromUs, toUs } = span.value ?? all();
              if (mark.atUs >= fromUs && mark.atUs <= toUs) return;
              const half = (toUs - fromUs) / 2;
              span.value = { fromUs: mark.atUs - half, toUs: mark.atUs + half };
            }}
          />
        </>
      )}
    </section>
  );
}

interface ZoomProps {
  readonly span: Span | undefined;
  readonly all: () => Span;
  readonly set: (span: Span) => void;
  readonly isOff: boolean;
}

function Zoom({ span, all, set, isOff }: ZoomProps) {
  const now = (): Span => span ?? all();
  return (
    <span class="line" role="group" aria-label="Zoom">
      <button type="button" disabled={isOff} onClick={() => set(zoomed(now(), 0.5))} title="+">
        Closer
      </button>
      <button type="button" disabled={isOff} onClick={() => set(zoomed(now(), 2))} title="-">
        Wider
      </button>
      <button type="button" disabled={isOff} onClick={() => set(all())} title="0">
        All
      </button>
    </span>
  );
}

const files: readonly { readonly format: SavedFormat; readonly name: string; readonly title: string }[] = [
  { format: 'chrome', name: 'trace.json', title: 'Save for Perfetto' },
  { format: 'ftrace', name: 'trace.txt', title: 'Save as ftrace text' },
];

function SaveAs({ isOff }: { readonly isOff: boolean }) {
  return (
    <>
      {files.map(({ format, name, title }) => (
        <button
          key={name}
          type="button"
          disabled={isOff}
          onClick={async () =>
            saveFile(name, new Uint8Array(await ask<'traceFile'>({ kind: 'traceFile', format })))
          }
        >
          {title}
        </button>
      ))}
    </>
  );
}
