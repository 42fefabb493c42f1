import type { CpuId } from '../../lib/brand.js';
import { PCI_VERSION_1_4 } from '../protocols/pci.js';
import type { PciFunctionDescription } from '../protocols/pci-functions.js';
import type { PciInterruptMessage, PciInterruptRequest } from '../protocols/pci-interrupts.js';

/** Where a message of a function is taken (an entry of the interrupt redirection table). */
export interface RedirectedInterrupt {
  readonly vector: number;
  readonly vps: readonly CpuId[];
}

/** Where functions send their messages: any address will do that nobody else has. */
const MESSAGE_ADDRESS = 0xfee00000;

/** What a guest is told of a function of which nobody has said anything. */
const unnamed: PciFunctionDescription = {
  slot: 0,
  vendor: 0,
  device: 0,
  revision: 0,
  classCode: 0,
  subsystem: 0,
  serial: 0,
};

/** A PCI bus that the host passes to its guest: its functions, and where their messages go. */
export class PassedThroughBus {
  /** By their slot. */
  private readonly bySlot = new Map<number, PciFunctionDescription>([[unnamed.slot, unnamed]]);
  /** Protocol version that the guest has agreed on. */
  version = PCI_VERSION_1_4;
  /** By what the function sends. */
  private readonly redirections = new Map<number, RedirectedInterrupt>();
  private nextData = 1;

  get functions(): PciFunctionDescription[] {
    return [...this.bySlot.values()];
  }

  /** Those that somebody has named. */
  get named(): PciFunctionDescription[] {
    return this.functions.filter((one) => one !== unnamed);
  }

  /** @throws RangeError if its slot is taken. */
  add(description: PciFunctionDescription): void {
    const { slot } = description;
    if (this.bySlot.get(0) === unnamed) this.bySlot.delete(0);
    if (this.bySlot.has(slot)) throw new RangeError(`there is a function in slot ${slot} already`);
    this.bySlot.set(slot, description);
  }

  remove(slot: number): void {
    this.bySlot.delete(slot);
  }

  /** The guest starts over. */
  reset(): void {
    this.redirections.clear();
  }

  /** Interrupts that the guest has had made and not given back. */
  get interrupts(): number {
    return this.redirections.size;
  }

  /** Makes interrupts in a row; undefined if there is no such function. */
  createInterrupt({
    slot,
    vector,
    vectorCount,
    vp = 0,
  }: PciInterruptRequest): PciInterruptMessage | undefined {
    if (!this.bySlot.has(slot)) return undefined;
    const data = this.nextData;
    this.nextData += vectorCount;
    for (let i = 0; i < vectorCount; i++) this.redirections.set(data + i, { vector: vector + i, vps: [vp] });
    return { vectorCount, data, addressLo: MESSAGE_ADDRESS, addressHi: 0 };
  }

  deleteInterrupt({ data, vectorCount }: PciInterruptMessage): void {
    for (let i = 0; i < vectorCount; i++) this.redirections.delete(data + i);
  }

  /** A message goes elsewhere from now on. @returns false if there is none. */
  retarget(data: number, to: RedirectedInterrupt): boolean {
    if (!this.redirections.has(data)) return false;
    this.redirections.set(data, to);
    return true;
  }

  redirectionOf(data: number): RedirectedInterrupt | undefined {
    return this.redirections.get(data);
  }
}
