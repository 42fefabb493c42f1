import { useEffect } from 'preact/hooks';
import { keyOf, loadTable, races } from '../../store/races.js';
import { race, shownRows } from './chosen.js';
import './races.css';
import { RaceDetail } from './race-detail.js';
import { RaceList } from './race-list.js';
import { ResultPane } from './result-pane.js';

/** The races that the mail threads argue about: searches, and what they find, step by step. */
export function RacesView() {
  useEffect(() => void loadTable(), []);
  if (races.value === undefined || race.value === undefined)
    return <p class="quiet">The races are loaded …</p>;
  return (
    <div class="races-view">
      <RaceList races={races.value} />
      <div class="race">
        <RaceDetail key={race.value.id} race={race.value} />
        <div class="results" data-panes={shownRows.value.length}>
          {shownRows.value.map((row, pane) => (
            <ResultPane key={`${pane} ${keyOf(row)}`} row={row} pane={pane === 0 ? 0 : 1} />
          ))}
        </div>
      </div>
    </div>
  );
}
