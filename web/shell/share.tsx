import { useSignal } from '@preact/signals';
import { deeds } from '../store/deeds.js';
import { scenario } from '../store/guest.js';
import { linkTo } from '../store/share.js';

/** A link to this machine, in the address and on the clipboard. */
export function Share() {
  const said = useSignal('');
  const share = async (): Promise<void> => {
    if (scenario.value === undefined) return;
    const link = await linkTo(scenario.value, deeds.value);
    history.replaceState(null, '', link);
    try {
      await navigator.clipboard.writeText(link);
      said.value = 'Link copied';
    } catch {
      said.value = 'The link is in the address bar';
    }
  };
  return (
    <span class="share">
      <button
        type="button"
        disabled={scenario.value === undefined}
        title="A link that holds the scenario, and what was done by hand"
        onClick={share}
      >
        Share
      </button>
      <span role="status" class="quiet">
        {said}
      </span>
    </span>
  );
}
