import type { MsiMsg } from '../../../irq/data/irqdata.js';
import type {
  HypervPciBus,
  InterruptRequest,
  InterruptTarget,
  Redirection,
  TranslatedInterrupt,
} from './bus-port.js';

/** The host of buses that have no channel of VMBus: it makes what is asked for, and nothing is said. */
export class SilentPciHost implements HypervPciBus {
  private readonly targets = new Map<number, InterruptTarget>();
  private nextData = 1;

  hasFunction(): boolean {
    return true;
  }

  createInterrupt(request: InterruptRequest): TranslatedInterrupt {
    const { vectorCount } = request;
    const data = this.nextData;
    this.nextData += vectorCount;
    for (let i = 0; i < vectorCount; i++) this.targets.set(data + i, request);
    return { msg: { addressHi: 0, addressLo: 0, data }, vectorCount };
  }

  deleteInterrupt(_devfn: number, { msg: { data }, vectorCount }: TranslatedInterrupt): void {
    for (let i = 0; i < vectorCount; i++) this.targets.delete(data + i);
  }

  retargetInterrupt(_devfn: number, { data }: MsiMsg, target: InterruptTarget): void {
    this.targets.set(data, target);
  }

  cannotUnmask(): void {}

  readonly redirection: Redirection = ({ data }) => this.targets.get(data);
}
