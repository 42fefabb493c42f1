import { signal } from '@preact/signals';
import type { ControlAnswer } from 'irqlab/browser';

/** What was done by hand, when in ns since booting, and what the guest answered. */
export interface Deed {
  readonly atNs: number;
  readonly command: object;
  readonly answer: ControlAnswer;
}

/** All of them since the guest was booted, in order. */
export const deeds = signal<readonly Deed[]>([]);

export function recordDeed(deed: Deed): Deed {
  deeds.value = [...deeds.value, deed];
  return deed;
}
