import './machine.css';
import { DonePanel } from './done-panel.js';
import { clampedZoom, HeatMap } from './heat-map.js';
import { HostPanel } from './host-panel.js';
import { mode, zoom } from './model.js';
import { SelectedPanel } from './selected-panel.js';
import { WorkloadPanel } from './workload-panel.js';

/** The machine: where interrupts go, and what can be done about it. */
export function MachineView() {
  return (
    <div class="machine-view">
      <section class="pane map-pane" aria-labelledby="map-title">
        <div class="map-head">
          <h2 id="map-title" class="label">
            Interrupts by CPU
          </h2>
          <div role="group" aria-label="Colours say">
            {(['total', 'rate'] as const).map((each) => (
              <button
                type="button"
                key={each}
                aria-pressed={mode.value === each}
                onClick={() => {
                  mode.value = each;
                }}
              >
                {each === 'total' ? 'Total' : 'Rate'}
              </button>
            ))}
          </div>
          <div role="group" aria-label="Zoom">
            {(
              [
                ['−', 'Smaller', 0.8],
                ['+', 'Larger', 1.25],
              ] as const
            ).map(([sign, name, factor]) => (
              <button
                type="button"
                key={sign}
                aria-label={name}
                onClick={() => {
                  zoom.value = clampedZoom(zoom.value * factor);
                }}
              >
                {sign}
              </button>
            ))}
          </div>
        </div>
        <HeatMap />
      </section>
      <div class="panels">
        <SelectedPanel />
        <HostPanel />
        <WorkloadPanel />
        <DonePanel />
      </div>
    </div>
  );
}
