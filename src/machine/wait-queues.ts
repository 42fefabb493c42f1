import type { WaitQueue } from './completion.js';
import { SharedWord } from './step.js';

/** Wait queues of contexts that wait for different things, all of which one event may end. */
export class WaitQueues {
  private readonly queues: WaitQueue[] = [];
  private readonly word: SharedWord;

  constructor(name: string) {
    this.word = new SharedWord(name);
  }

  /** From now on the event wakes those who wait in `queue`. */
  add(queue: WaitQueue): void {
    this.word.announce();
    this.queues.push(queue);
  }

  remove(queue: WaitQueue): void {
    this.word.announce();
    const at = this.queues.indexOf(queue);
    if (at >= 0) this.queues.splice(at, 1);
  }

  /** The event: all look again whether they can go on. */
  wakeUp(): void {
    this.word.announceRead();
    for (const queue of this.queues) queue.wakeUp();
  }
}
