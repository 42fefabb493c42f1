import { guestsWith } from '../command/scenario-file.js';
import type { ShowInterrupts } from './captured-scenario.js';

/** Boots a guest and gives its /proc/interrupts. */
export const showInterrupts: ShowInterrupts = async (options) =>
  (await guestsWith()(options)).procInterrupts();
