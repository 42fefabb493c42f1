import { signal } from '@preact/signals';

/** The file that is shown. */
export const chosen = signal('/proc/interrupts');
