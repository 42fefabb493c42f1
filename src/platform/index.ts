import { arm64 } from './arm64/definition.js';
import type { PlatformDefinition } from './platform.js';
import { x86_64 } from './x86/definition.js';

/** The architectures that are modelled, the default first. */
export const builtinPlatforms: readonly PlatformDefinition[] = [x86_64, arm64];
