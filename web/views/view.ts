import type { ComponentType } from 'preact';

/** A tab of the page. */
export interface View {
  /** In the address: `#view=files`. */
  readonly id: string;
  /** On its tab. */
  readonly title: string;
  /** Loads what it is made of. */
  readonly load: () => Promise<ComponentType>;
}
