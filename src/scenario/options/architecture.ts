import type { OfPlugin } from './of-plugin.js';

/** The architecture of a guest, by name. */
export type Architecture = 'x86_64' | 'arm64' | OfPlugin;
