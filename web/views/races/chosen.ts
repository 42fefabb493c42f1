import { computed, signal } from '@preact/signals';
import { keyOf, races } from '../../store/races.js';
import type { ListedRow } from '../../worker/races-protocol.js';

/** Id of the race that is shown. */
export const raceId = signal('relid-map');

export const race = computed(() => races.value?.find(({ id }) => id === raceId.value) ?? races.value?.[0]);

/** Keys of the variants of which results are shown, one or two beside each other. */
export const shown = signal<readonly string[]>([]);

/** Their rows; those of another race are none. */
export const shownRows = computed<readonly ListedRow[]>(() => {
  const rows = race.value?.rows ?? [];
  const found = shown.value.flatMap((key) => rows.filter((row) => keyOf(row) === key));
  return found.length > 0 ? found : rows.slice(0, 1);
});

/** Key of the variant that somebody has just asked for: its result is brought into view when it is there. */
export const awaited = signal<string | undefined>(undefined);

/** Shows a variant in a pane: 0 the first, 1 the second. */
export function show(row: ListedRow, pane: 0 | 1): void {
  awaited.value = keyOf(row);
  const keys = shownRows.value.map(keyOf);
  keys[pane] = keyOf(row);
  shown.value = keys;
}

/** Takes the second pane away. */
export function showOne(): void {
  shown.value = shownRows.value.slice(0, 1).map(keyOf);
}
