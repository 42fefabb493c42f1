import { register } from 'node:module';

/**
 * From now on plug-ins find this irqlab, and the container that this irqlab uses, wherever they lie. For whoever starts
 * a program or a thread: it changes how Node loads modules there, and takes some milliseconds.
 */
export function sharePackages(): void {
  register('./plugin-hooks.js', import.meta.url);
}
