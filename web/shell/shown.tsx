import { computed, useSignal, useSignalEffect } from '@preact/signals';
import type { ComponentType } from 'preact';
import { view } from '../store/route.js';
import { state } from '../store/looking.js';
import { loadAhead } from './ahead.js';
import { views } from '../views/index.js';

/** Another guest, another number; undefined: there is none yet. */
const guest = computed(() => state.value?.guest);
const hasGuest = computed(() => guest.value !== undefined);

/** The view that is chosen; nothing of a guest before there is one. */
export function Shown() {
  const shown = useSignal<{ readonly id: string; readonly Component: ComponentType } | undefined>(undefined);
  useSignalEffect(() => {
    const chosen = views.find(({ id }) => id === view.value) ?? views[0];
    void chosen.load().then((Component) => {
      if ((views.find(({ id }) => id === view.peek()) ?? views[0]) === chosen)
        shown.value = { id: chosen.id, Component };
    });
  });
  useSignalEffect(() => {
    if (hasGuest.value) loadAhead();
  });
  const { value } = shown;
  return (
    <main>
      <div id="view" role="tabpanel" aria-labelledby={value && `tab-${value.id}`}>
        {value === undefined || guest.value === undefined ? (
          <p class="quiet">The guest boots …</p>
        ) : (
          <value.Component key={`${value.id} ${guest.value}`} />
        )}
      </div>
    </main>
  );
}
