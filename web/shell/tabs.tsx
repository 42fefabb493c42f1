import { useRef } from 'preact/hooks';
import { view } from '../store/route.js';
import { views } from '../views/index.js';

/** How far each key moves from tab to tab. */
const steps: Readonly<Record<string, (at: number) => number>> = {
  ArrowLeft: (at) => at - 1,
  ArrowRight: (at) => at + 1,
  Home: () => 0,
  End: () => -1,
};

/** The views by name; arrows go from one to the next. */
export function Tabs() {
  const list = useRef<HTMLDivElement>(null);
  const onKeyDown = (event: KeyboardEvent): void => {
    const step = steps[event.key];
    if (step === undefined) return;
    event.preventDefault();
    const at = views.findIndex(({ id }) => id === view.value);
    const next = views.at(step(at) % views.length);
    if (next === undefined) return;
    view.value = next.id;
    list.current?.querySelector<HTMLElement>(`#tab-${next.id}`)?.focus();
  };
  return (
    <div class="tabs" role="tablist" aria-label="Views" ref={list} onKeyDown={onKeyDown}>
      {views.map(({ id, title }) => (
        <button
          type="button"
          role="tab"
          key={id}
          id={`tab-${id}`}
          aria-selected={view.value === id}
          aria-controls="view"
          tabIndex={view.value === id ? 0 : -1}
          onClick={() => {
            view.value = id;
          }}
        >
          {title}
        </button>
      ))}
    </div>
  );
}
