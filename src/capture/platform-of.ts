import { builtinPlatforms } from '../platform/index.js';
import type { PlatformDefinition } from '../platform/platform.js';
import type { InterruptsArch } from '../view/interrupts/table.js';

/** The architecture whose guests print /proc/interrupts in this layout; undefined if none is modelled. */
export function modelledPlatform(arch: InterruptsArch): PlatformDefinition | undefined {
  return builtinPlatforms.find((platform) => platform.arch === arch);
}

/** The architecture that a capture's guest gets: that of the layout, or the usual one. */
export function platformOf(arch: InterruptsArch): PlatformDefinition {
  return modelledPlatform(arch) ?? builtinPlatforms[0];
}
