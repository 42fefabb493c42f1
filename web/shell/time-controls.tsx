import { computed, useComputed, useSignal } from '@preact/signals';
import { parseTime, secondsText } from '../lib/time.js';
import { advance, chooseSpeed, isPlaying, pause, play, restart, speed } from '../store/guest.js';
import { state } from '../store/looking.js';

const speeds = [0.001, 0.01, 0.1, 1, 10, 100, 1000] as const;

// What follows from `state` and seldom changes: the buttons are not made anew for each moment that is seen.
const hasNone = computed(() => state.value === undefined);
const goesBy = computed(() => isPlaying.value || state.value?.isBusy === true);
const hasNext = computed(() => state.value?.nextNs !== undefined);
const isBehind = computed(() => isPlaying.value && (state.value?.behindNs ?? 0) > 0);
const clock = computed(() => (state.value === undefined ? '' : secondsText(state.value.ns)));

/** The guest's time: play, pause, speed, one event, up to a moment. */
export function TimeControls() {
  const isOff = hasNone.value;
  const runs = goesBy.value;
  return (
    <div class="time-controls" role="group" aria-label="Time">
      <button type="button" disabled={isOff} onClick={() => void restart()} title="Boot the guest again (r)">
        Restart
      </button>
      <button
        type="button"
        class="main"
        disabled={isOff}
        onClick={() => void (runs ? pause() : play())}
        title="Space"
      >
        {runs ? 'Pause' : 'Play'}
      </button>
      <button
        type="button"
        disabled={!hasNext.value}
        onClick={() => void advance('next')}
        title="Let time go by to the next thing that happens (n)"
      >
        Step
      </button>
      <label>
        <span class="label">Speed</span>
        <select
          value={speed.value}
          onChange={({ currentTarget }) => void chooseSpeed(Number(currentTarget.value))}
        >
          {speeds.map((each) => (
            <option key={each} value={each}>
              {each < 1 ? `1/${Math.round(1 / each)}` : each} ×
            </option>
          ))}
        </select>
      </label>
      <RunTo isOff={isOff} />
      <output class="clock" aria-label="Time since booting">
        {clock}
      </output>
      {isBehind.value && (
        <span
          class="quiet"
          title="The guest runs as fast as this machine can, which is slower than the speed that is chosen"
        >
          full speed
        </span>
      )}
    </div>
  );
}

function RunTo({ isOff }: { readonly isOff: boolean }) {
  const text = useSignal('10s');
  const ns = parseTime(text.value);
  const isPast = useComputed(
    () => (parseTime(text.value) ?? Number.POSITIVE_INFINITY) < (state.value?.ns ?? 0),
  ).value;
  const wrong =
    ns === undefined ? 'expected a time such as 10s or 1.5ms' : isPast ? 'that time has passed' : undefined;
  return (
    <form
      class="run-to"
      onSubmit={(event) => {
        event.preventDefault();
        if (ns !== undefined && !isPast) void advance(ns);
      }}
    >
      <button type="submit" disabled={isOff || wrong !== undefined} title={wrong}>
        Run to
      </button>
      <input
        size={7}
        aria-label="Time since booting to run to"
        value={text.value}
        aria-invalid={ns === undefined}
        title={wrong}
        onInput={({ currentTarget }) => {
          text.value = currentTarget.value;
        }}
      />
    </form>
  );
}
