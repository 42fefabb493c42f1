import { useSignal } from '@preact/signals';
import { answerText, commandText } from '../../lib/deed-text.js';
import { exactTime } from '../../lib/time.js';
import { submits, useField } from '../../lib/use-field.js';
import { deeds, deedsAsYaml } from '../../store/deeds.js';
import { act } from '../../store/guest.js';
import { words } from '../../store/words.js';

/** The latest deeds are listed. */
const MOST = 50;

/** What was done by hand, to be taken along as a scenario; and a line for whatever else a timeline can do. */
export function DonePanel() {
  const said = useSignal('');
  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(deedsAsYaml());
      said.value = 'copied';
    } catch {
      said.value = 'this browser gives no clipboard: the YAML is below';
      isShown.value = true;
    }
  };
  const isShown = useSignal(false);
  return (
    <details class="pane" open>
      <summary class="label">Done by hand</summary>
      <CommandForm />
      <p class="line">
        <button type="button" disabled={deeds.value.length === 0} onClick={copy}>
          Copy as YAML
        </button>
        <button
          type="button"
          aria-pressed={isShown.value}
          onClick={() => {
            isShown.value = !isShown.value;
          }}
        >
          Show
        </button>
        <span role="status" class="quiet">
          {said}
        </span>
      </p>
      {isShown.value && (
        <pre role="region" tabIndex={0} class="yaml" aria-label="What was done as YAML">
          {deedsAsYaml()}
        </pre>
      )}
      <ol class="deeds">
        {deeds.value.slice(-MOST).map(({ number, atNs, command, answer }) => (
          <li key={number} value={number}>
            <span class="quiet">{exactTime(atNs)}</span> <code>{commandText(command)}</code>{' '}
            <span class={answer.ok ? 'quiet' : 'refused'}>{answerText(answer)}</span>
          </li>
        ))}
      </ol>
    </details>
  );
}

function CommandForm() {
  const text = useField('');
  const run = (): void => {
    if (text.text.value.trim() !== '') void act(text.text.value.trim());
    text.text.value = '';
  };
  return (
    <form class="line" onSubmit={submits(run)}>
      <input
        class="mono wide"
        aria-label="A step of a timeline, in YAML"
        placeholder="offline: 3"
        list="actions"
        spellcheck={false}
        autocomplete="off"
        {...text.props}
      />
      <datalist id="actions">
        {words.value.actions.map((each) => (
          <option key={each} value={`${each}: `} />
        ))}
      </datalist>
      <button type="submit">Do</button>
    </form>
  );
}
