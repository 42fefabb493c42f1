import { assert } from '../../lib/assert.js';
import type { Relid } from '../../lib/brand.js';
import { RcuList, RcuNode } from '../../machine/rcu.js';
import { type Procedure, SharedWord } from '../../machine/step.js';
import type { VmbusChannel } from '../channel/channel.js';

/** The channels that interrupt one CPU, as a list that its events go through. */
export interface ChannelList {
  add(channel: VmbusChannel): Procedure<void>;
  delete(channel: VmbusChannel): Procedure<void>;
  find(relid: Relid): VmbusChannel | undefined;
  findSteps(relid: Relid): Procedure<VmbusChannel | undefined>;
}

/** Changes with list_add_tail_rcu and list_del_rcu, walked in the interrupt (until Linux 5.7). */
export class RcuChannelList implements ChannelList {
  private readonly list: RcuList<VmbusChannel>;
  private readonly nodes = new Map<VmbusChannel, RcuNode<VmbusChannel>>();

  constructor(name: string) {
    this.list = new RcuList<VmbusChannel>(name);
  }

  *add(channel: VmbusChannel): Procedure<void> {
    yield this.list.update;
    const node = new RcuNode(channel);
    this.nodes.set(channel, node);
    this.list.addHead(node);
  }

  *delete(channel: VmbusChannel): Procedure<void> {
    yield this.list.update;
    const node = this.nodes.get(channel);
    if (node === undefined) return;
    this.nodes.delete(channel);
    this.list.delete(node);
  }

  find(relid: Relid): VmbusChannel | undefined {
    for (let node = this.list.first; node !== undefined; node = node.next) {
      if (node.item.relid === relid) return node.item;
    }
    return undefined;
  }

  *findSteps(relid: Relid): Procedure<VmbusChannel | undefined> {
    yield this.list.read;
    let node = this.list.first;
    while (node !== undefined && node.item.relid !== relid) {
      yield this.list.read;
      node = node.next;
    }
    return node?.item;
  }
}

/** What a context can forbid on the CPU of a list. */
export interface TaskletControl {
  localBhDisable(): void;
  localBhEnable(): void;
}

/** For whoever changes lists while no tasklet can come in between anyway. */
export const noTaskletControl: TaskletControl = { localBhDisable: () => {}, localBhEnable: () => {} };

class ListEntry {
  next: ListEntry | undefined;
  isPoisoned = false;

  constructor(readonly channel: VmbusChannel | undefined) {}
}

/**
 * A plain list, walked in a tasklet (2015, vmbus_on_event with pcpu_relid2channel).
 *
 * list_del is two stores to the list, that into the removed entry and that around it. Both are plain, so that a
 * compiler may have them in this order:
 *
 * ```
 * process context (percpu_channel_deq)     tasklet of the same CPU
 * entry.next = LIST_POISON1
 *                                          entry.next  → LIST_POISON1
 * previous.next = the next one
 * ```
 * Forbidden: the walk goes on behind a removed entry.
 */
export class TaskletChannelList implements ChannelList {
  private readonly head = new ListEntry(undefined);
  private readonly word: SharedWord;

  constructor(name: string) {
    this.word = new SharedWord(name);
  }

  *add(channel: VmbusChannel): Procedure<void> {
    yield this.word.update;
    const entry = new ListEntry(channel);
    entry.next = this.head.next;
    this.head.next = entry;
  }

  *delete(channel: VmbusChannel): Procedure<void> {
    yield this.word.update;
    let previous = this.head;
    while (previous.next !== undefined && previous.next.channel !== channel) previous = previous.next;
    const entry = previous.next;
    if (entry === undefined) return;
    const { next } = entry;
    entry.isPoisoned = true;
    yield this.word.update;
    previous.next = next;
  }

  find(relid: Relid): VmbusChannel | undefined {
    let entry = this.nextOf(this.head);
    while (entry !== undefined && entry.channel?.relid !== relid) entry = this.nextOf(entry);
    return entry?.channel;
  }

  *findSteps(relid: Relid): Procedure<VmbusChannel | undefined> {
    yield this.word.read;
    let entry = this.nextOf(this.head);
    while (entry !== undefined && entry.channel?.relid !== relid) {
      yield this.word.read;
      entry = this.nextOf(entry);
    }
    return entry?.channel;
  }

  /** @throws AssertionError behind an entry that has been removed. */
  private nextOf(entry: ListEntry): ListEntry | undefined {
    assert(!entry.isPoisoned, 'the walk follows a removed entry', {
      list: this.word.name,
      relid: entry.channel?.relid,
    });
    return entry.next;
  }
}

/** The same, changed with tasklets of the CPU kept away (local_bh_disable), as the review asks. */
export class BhDisabledChannelList extends TaskletChannelList {
  constructor(
    name: string,
    private readonly tasklets: TaskletControl,
  ) {
    super(name);
  }

  override *add(channel: VmbusChannel): Procedure<void> {
    this.tasklets.localBhDisable();
    yield* super.add(channel);
    this.tasklets.localBhEnable();
  }

  override *delete(channel: VmbusChannel): Procedure<void> {
    this.tasklets.localBhDisable();
    yield* super.delete(channel);
    this.tasklets.localBhEnable();
  }
}
