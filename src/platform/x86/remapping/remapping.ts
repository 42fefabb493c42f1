import type { IrqCore } from '../../../irq/core.js';
import type { InterruptRemappingKind } from '../../platform.js';
import { AmdRemapping } from './amd.js';
import { HypervRemapping } from './hyperv.js';
import { IntelRemapping } from './intel.js';
import type { InterruptRemapping, RemappingParts } from './unit.js';

const kinds: Readonly<
  Record<
    Exclude<InterruptRemappingKind, 'none'>,
    new (
      core: IrqCore,
      parts: RemappingParts,
    ) => InterruptRemapping
  >
> = { intel: IntelRemapping, amd: AmdRemapping, hyperv: HypervRemapping };

/** The machine's remapping; undefined: it has none. */
export function createRemapping(
  core: IrqCore,
  kind: InterruptRemappingKind,
  parts: RemappingParts,
): InterruptRemapping | undefined {
  return kind === 'none' ? undefined : new kinds[kind](core, parts);
}
