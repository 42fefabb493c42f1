import { computed, effect, signal } from '@preact/signals';

export const themes = ['system', 'light', 'dark'] as const;
export type Theme = (typeof themes)[number];

const KEY = 'irqlab-theme';
const systemIsDark = matchMedia('(prefers-color-scheme: dark)');

/** What the user has chosen; system: as the browser says. It is kept where the browser lets us. */
export const theme = signal<Theme>(kept());
const system = signal(systemIsDark.matches);
/** True while the page is dark. */
export const isDark = computed(() => (theme.value === 'system' ? system.value : theme.value === 'dark'));

systemIsDark.addEventListener('change', ({ matches }) => {
  system.value = matches;
});

effect(() => {
  const { value } = theme;
  if (value === 'system') delete document.documentElement.dataset['theme'];
  else document.documentElement.dataset['theme'] = value;
  try {
    localStorage.setItem(KEY, value);
  } catch {
    // A browser that keeps nothing asks again next time.
  }
});

function kept(): Theme {
  try {
    return themes.find((each) => each === localStorage.getItem(KEY)) ?? 'system';
  } catch {
    return 'system';
  }
}
