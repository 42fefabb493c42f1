/**
 * A binary heap that is stable: entries with equal keys leave in the order of their arrival. An entry moves along a path of
 * holes and is written once, where it comes to rest.
 */
export class StableHeap<T> {
  private readonly keys: number[] = [];
  private readonly orders: number[] = [];
  private readonly items: T[] = [];
  private arrivals = 0;

  get size(): number {
    return this.items.length;
  }

  /** Key of the entry that leaves next; undefined when empty. */
  peekKey(): number | undefined {
    return this.keys[0];
  }

  /** The entry that leaves next; undefined when empty. */
  peek(): T | undefined {
    return this.items[0];
  }

  push(key: number, item: T): void {
    const order = this.arrivals++;
    const at = this.items.length;
    this.keys.push(key);
    this.orders.push(order);
    this.items.push(item);
    this.put(this.holeUp(at, key, order), key, order, item);
  }

  /** Removes and returns the entry with the lowest key, the eldest among equals; undefined when empty. */
  pop(): T | undefined {
    const top = this.items[0];
    if (this.items.length > 0) this.fill(0);
    return top;
  }

  /** Takes out an entry that was pushed once, wherever it stands; false if it is not there. */
  remove(item: T): boolean {
    const at = this.items.indexOf(item);
    if (at < 0) return false;
    this.fill(at);
    return true;
  }

  /** Takes out the entry at `at`: the last one goes where it belongs in its stead. */
  private fill(at: number): void {
    const { keys, orders, items } = this;
    const last = items.length - 1;
    const key = keys[last];
    const order = orders[last];
    const item = items[last];
    keys.pop();
    orders.pop();
    items.pop();
    if (at === last) return;
    const up = this.holeUp(at, key, order);
    this.put(up === at ? this.holeDown(at, key, order) : up, key, order, item);
  }

  private put(at: number, key: number, order: number, item: T): void {
    this.keys[at] = key;
    this.orders[at] = order;
    this.items[at] = item;
  }

  /** Moves the hole at `from` up to where an entry may rest. @returns where that is. */
  private holeUp(from: number, key: number, order: number): number {
    const { keys, orders } = this;
    let at = from;
    while (at > 0) {
      const parent = (at - 1) >>> 1;
      const above = keys[parent];
      if (above < key || (above === key && orders[parent] < order)) break;
      this.put(at, above, orders[parent], this.items[parent]);
      at = parent;
    }
    return at;
  }

  /** The same downwards. */
  private holeDown(from: number, key: number, order: number): number {
    const { keys, orders } = this;
    const size = keys.length;
    let at = from;
    for (let child = 2 * at + 1; child < size; child = 2 * at + 1) {
      const right = child + 1;
      if (
        right < size &&
        (keys[right] < keys[child] || (keys[right] === keys[child] && orders[right] < orders[child]))
      )
        child = right;
      const below = keys[child];
      if (key < below || (key === below && order < orders[child])) break;
      this.put(at, below, orders[child], this.items[child]);
      at = child;
    }
    return at;
  }
}
