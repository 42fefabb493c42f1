/**
 * A binary heap that is stable: entries with equal keys leave in the order of their arrival. An entry moves along a path of
 * holes and is written once, where it comes to rest. Its item does not move: the heap has numbers only, among which the
 * garbage collector has nothing to look for.
 */
export class StableHeap<T> {
  private count = 0;
  private arrivals = 0;
  // By the entry's place in the heap; behind the last one is what was there before.
  private readonly keys: number[] = [];
  private readonly orders: number[] = [];
  /** Where the entry's item is; behind the last one: where there is none. */
  private readonly slots: number[] = [];
  private readonly items: (T | undefined)[] = [];

  get size(): number {
    return this.count;
  }

  /** Key of the entry that leaves next; Infinity when empty. */
  get lowestKey(): number {
    return this.count === 0 ? Number.POSITIVE_INFINITY : this.keys[0];
  }

  /** The entry that leaves next; undefined when empty. */
  peek(): T | undefined {
    return this.count === 0 ? undefined : this.items[this.slots[0]];
  }

  push(key: number, item: T): void {
    const order = this.arrivals++;
    const at = this.count++;
    if (at === this.slots.length) {
      this.keys.push(key);
      this.orders.push(order);
      this.slots.push(at);
      this.items.push(undefined);
    }
    const slot = this.slots[at];
    this.items[slot] = item;
    this.put(this.holeUp(at, key, order), key, order, slot);
  }

  /** Removes and returns the entry with the lowest key, the eldest among equals; undefined when empty. */
  pop(): T | undefined {
    const top = this.peek();
    if (this.count > 0) this.takeOut(0);
    return top;
  }

  /** Takes out an entry that was pushed once, wherever it stands; false if it is not there. */
  remove(item: T): boolean {
    for (let at = 0; at < this.count; at++) {
      if (this.items[this.slots[at]] === item) {
        this.takeOut(at);
        return true;
      }
    }
    return false;
  }

  /** Takes out the entry at `at`: the last one goes where it belongs in its stead. */
  private takeOut(at: number): void {
    const { keys, orders, slots } = this;
    const last = --this.count;
    const free = slots[at];
    const key = keys[last];
    const order = orders[last];
    const slot = slots[last];
    this.items[free] = undefined;
    slots[last] = free;
    if (at === last) return;
    const up = this.holeUp(at, key, order);
    this.put(up === at ? this.holeDown(at, key, order) : up, key, order, slot);
  }

  private put(at: number, key: number, order: number, slot: number): void {
    this.keys[at] = key;
    this.orders[at] = order;
    this.slots[at] = slot;
  }

  /** Moves the hole at `from` up to where an entry may rest. @returns where that is. */
  private holeUp(from: number, key: number, order: number): number {
    const { keys, orders } = this;
    let at = from;
    while (at > 0) {
      const parent = (at - 1) >>> 1;
      const above = keys[parent];
      if (above < key || (above === key && orders[parent] < order)) break;
      this.put(at, above, orders[parent], this.slots[parent]);
      at = parent;
    }
    return at;
  }

  /** The same downwards. */
  private holeDown(from: number, key: number, order: number): number {
    const { keys, orders, count } = this;
    let at = from;
    for (let child = 2 * at + 1; child < count; child = 2 * at + 1) {
      const right = child + 1;
      if (
        right < count &&
        (keys[right] < keys[child] || (keys[right] === keys[child] && orders[right] < orders[child]))
      )
        child = right;
      const below = keys[child];
      if (key < below || (key === below && order < orders[child])) break;
      this.put(at, below, orders[child], this.slots[child]);
      at = child;
    }
    return at;
  }
}
