import { loadExample } from '../store/begin.js';
import { examples } from '../store/examples.js';
import { scenario } from '../store/guest.js';
import { type Theme, theme, themes } from '../store/theme.js';
import { Share } from './share.js';
import { TimeControls } from './time-controls.js';

/** Which machine it is, its time, and what concerns the whole page. */
export function Head() {
  return (
    <header class="head">
      <h1>irqlab</h1>
      <ScenarioChoice />
      <TimeControls />
      <Share />
      <label>
        <select
          aria-label="Theme"
          title="Colours: as the system has them, light or dark"
          value={theme.value}
          onChange={({ currentTarget }) => {
            theme.value = currentTarget.value as Theme;
          }}
        >
          {themes.map((each) => (
            <option key={each}>{each}</option>
          ))}
        </select>
      </label>
    </header>
  );
}

/** The examples, and the user's own scenario if that is what runs. */
function ScenarioChoice() {
  const name = scenario.value?.name ?? '';
  const isOwn = name !== '' && examples.get(name) !== scenario.value?.text;
  return (
    <label>
      <span class="label">Scenario</span>
      <select
        value={isOwn ? '' : name}
        onChange={({ currentTarget }) => {
          if (currentTarget.value !== '') void loadExample(currentTarget.value);
        }}
      >
        {isOwn && <option value="">{name} (your own)</option>}
        {[...examples.keys()].map((each) => (
          <option key={each} value={each}>
            {each.replace(/\.yaml$/, '')}
          </option>
        ))}
      </select>
    </label>
  );
}
