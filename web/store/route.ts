// The part of the address behind #: which view, and a scenario (see link.ts). Nothing of it goes to a server.
import { effect, signal } from '@preact/signals';

/** Id of the view that is shown. */
export const view = signal(parameters().get('view') ?? 'machine');

export function parameters(): URLSearchParams {
  return new URLSearchParams(location.hash.slice(1));
}

effect(() => {
  const { value } = view;
  const hash = parameters();
  if (hash.get('view') === value) return;
  hash.set('view', value);
  history.replaceState(null, '', `#${hash}`);
});

addEventListener('hashchange', () => {
  view.value = parameters().get('view') ?? view.value;
});
