import { assert } from '../../lib/assert.js';
import type { IrqDesc } from './irqdesc.js';

/** What points to a node: the head of the list, or the node before. */
interface Link {
  next: ResendNode | undefined;
}

/** A line's place in the list (struct irq_desc resend_node). */
class ResendNode implements Link {
  next: ResendNode | undefined;
  /** Undefined: in no list (hlist_unhashed). */
  pprev: Link | undefined;

  constructor(readonly desc: IrqDesc) {}
}

/**
 * The lines that wait for their resend, the last one first (kernel/irq/resend.c irq_resend_list), link by link as an
 * hlist has it: what comes of a line that is put in twice is what comes of it in Linux.
 */
export class ResendHlist {
  private readonly head: Link = { next: undefined };
  // Made on first use: few guests of an explorer resend anything.
  private nodes: WeakMap<IrqDesc, ResendNode> | undefined;

  /** True if the line is in the list. */
  has(desc: IrqDesc): boolean {
    return this.nodes?.get(desc)?.pprev !== undefined;
  }

  /** Puts a line at the front, whether or not it is in the list (hlist_add_head). */
  add(desc: IrqDesc): void {
    this.nodes ??= new WeakMap();
    let node = this.nodes.get(desc);
    if (node === undefined) {
      node = new ResendNode(desc);
      this.nodes.set(desc, node);
    }
    const { next: first } = this.head;
    node.next = first;
    if (first !== undefined) first.pprev = node;
    this.head.next = node;
    node.pprev = this.head;
  }

  /** Takes a line out if it is in the list (hlist_del_init). */
  delete(desc: IrqDesc): void {
    const node = this.nodes?.get(desc);
    const pprev = node?.pprev;
    if (node === undefined || pprev === undefined) return;
    const { next } = node;
    pprev.next = next;
    if (next !== undefined) next.pprev = pprev;
    node.next = undefined;
    node.pprev = undefined;
  }

  /**
   * Takes the first line out; undefined: there is none.
   *
   * @throws AssertionError where Linux would find the same line first for ever.
   */
  takeFirst(): IrqDesc | undefined {
    const first = this.head.next;
    if (first === undefined) return undefined;
    const { desc } = first;
    this.delete(desc);
    assert(
      this.head.next !== first,
      'resend_irqs never ends, with interrupts off: the line it takes out stays first',
      {
        irq: desc.irq,
      },
    );
    return desc;
  }
}
