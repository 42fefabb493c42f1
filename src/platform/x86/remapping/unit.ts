import type { MsiMsg } from '../../../irq/data/irqdata.js';
import type { IrqDomain } from '../../../irq/data/revmap.js';
import type { LocalApics } from '../local-apic.js';
import type { Vectors } from '../vectors.js';

/** What lies between the vectors and what sends interrupts: `IR-IO-APIC` and `IR-PCI-MSI…`. */
export interface InterruptRemapping {
  readonly domain: IrqDomain;
  /** PCI messages go through it as well, not only the IO-APIC's. */
  readonly takesPciMessages: boolean;
  /** Whom a message interrupts; undefined: it is blocked. @param requester which device has sent it. */
  remap(msg: MsiMsg, requester: number): MsiMsg | undefined;
}

/** What such units stand on. */
export interface RemappingParts {
  /** The vectors' domain. */
  readonly parent: IrqDomain;
  readonly vectors: Vectors;
  readonly apics: LocalApics;
}
