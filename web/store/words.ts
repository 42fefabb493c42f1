import { signal } from '@preact/signals';
import type { Words } from '../worker/protocol.js';
import { ask } from './worker.js';

/** Words to choose from. */
export const words = signal<Words>({ actions: [], drivers: [], deeds: [], messages: [] });

void ask<'words'>({ kind: 'words' }).then((known) => {
  words.value = known;
});
