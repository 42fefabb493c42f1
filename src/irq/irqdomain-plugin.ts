import { type Token, token } from '../lib/token.js';
import type { Procedure } from '../machine/step.js';
import type { IrqCore } from './core.js';

/**
 * An irqdomain of a third party: its own domain, chip and interrupts beside those of VMBus. Attached while the guest
 * boots, before VMBus is.
 */
export interface IrqDomainPlugin {
  readonly name: string;
  /** Makes the domain and whatever belongs to it. */
  attach(core: IrqCore): Procedure<void>;
}

/** Plug-in point: irqdomains outside VMBus. Bind any number, each with a name of its own. */
export const IRQ_DOMAIN_PLUGIN: Token<IrqDomainPlugin> = token('IrqDomainPlugin');
