import type { ComponentType } from 'preact';

/** A tab of the page. */
export interface View {
  /** In the address: `#view=files`. */
  readonly id: string;
  /** On its tab. */
  readonly title: string;
  /** Only who opens it loads it; the others are loaded when the page has nothing else to do. Default false. */
  readonly isLarge?: boolean;
  /** Loads what it is made of. */
  readonly load: () => Promise<ComponentType>;
}
