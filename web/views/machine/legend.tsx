import { shortCount } from '../../lib/number-text.js';

interface LegendProps {
  /** Where the scale of colours ends. */
  readonly most: number;
  readonly isRate: boolean;
}

/** What colours and marks mean, and which keys there are. */
export function Legend({ most, isRate }: LegendProps) {
  return (
    <div class="legend">
      <span>
        <span class="scale" aria-hidden="true" /> 1 to {shortCount(most)} {isRate ? 'a second' : 'in all'}
      </span>
      <span>
        <span class="mark affinity" aria-hidden="true" /> may go there (affinity)
      </span>
      <span>
        <span class="mark effective" aria-hidden="true" /> goes there (effective affinity)
      </span>
      <span>
        <span class="mark in-flight" aria-hidden="true" /> MODIFYCHANNEL in flight: the host is still there
      </span>
      <span>
        <span class="mark lost" aria-hidden="true" /> event lost
      </span>
      <span>
        <span class="mark coalesced" aria-hidden="true" /> coalesced
      </span>
      <span>
        <span class="mark offline" aria-hidden="true" /> offline
      </span>
      <span id="map-keys" class="quiet">
        Drag a frame to another CPU or node; click a CPU off and on. Keys: arrows, Enter takes a line and
        drops it, o switches the CPU, + and − zoom.
      </span>
    </div>
  );
}
