import { advance, isPlaying, pause, play, restart } from '../store/guest.js';
import { state } from '../store/looking.js';

/** What keys do wherever the focus is, unless it is on something that takes keys itself. */
const actions: Readonly<Record<string, () => Promise<void>>> = {
  ' ': () => (isPlaying.value || state.value?.isBusy === true ? pause() : play()),
  n: () => advance('next'),
  r: restart,
};

export function listenToKeys(): void {
  addEventListener('keydown', (event) => {
    const { key, target, defaultPrevented, ctrlKey, metaKey, altKey } = event;
    if (defaultPrevented || ctrlKey || metaKey || altKey || state.value === undefined) return;
    if (
      target instanceof Element &&
      target.closest('input, select, textarea, summary, [contenteditable]') !== null
    )
      return;
    // A button takes the space bar.
    if (key === ' ' && target instanceof Element && target.closest('button') !== null) return;
    const action = actions[key];
    if (action === undefined) return;
    event.preventDefault();
    void action();
  });
}
