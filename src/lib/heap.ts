/** A binary heap that is stable: entries with equal keys leave in the order of their arrival. */
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
    const at = this.items.length;
    const order = this.arrivals++;
    this.keys.push(key);
    this.orders.push(order);
    this.items.push(item);
    this.siftUp(at);
  }

  /** Removes and returns the entry with the lowest key, the eldest among equals; undefined when empty. */
  pop(): T | undefined {
    const top = this.items[0];
    const last = this.items.length - 1;
    if (last < 0) return undefined;
    this.swap(0, last);
    this.dropLast();
    this.siftDown(0);
    return top;
  }

  /** Takes out an entry that was pushed once, wherever it stands; false if it is not there. */
  remove(item: T): boolean {
    const at = this.items.indexOf(item);
    if (at < 0) return false;
    const last = this.items.length - 1;
    this.swap(at, last);
    this.dropLast();
    if (at < last) {
      this.siftUp(at);
      this.siftDown(at);
    }
    return true;
  }

  private dropLast(): void {
    this.keys.pop();
    this.orders.pop();
    this.items.pop();
  }

  private siftUp(from: number): void {
    let at = from;
    while (at > 0) {
      const parent = (at - 1) >>> 1;
      if (!this.before(at, parent)) return;
      this.swap(at, parent);
      at = parent;
    }
  }

  private siftDown(from: number): void {
    const size = this.items.length;
    let at = from;
    for (;;) {
      const left = 2 * at + 1;
      if (left >= size) return;
      const right = left + 1;
      const child = right < size && this.before(right, left) ? right : left;
      if (!this.before(child, at)) return;
      this.swap(child, at);
      at = child;
    }
  }

  private before(a: number, b: number): boolean {
    const keyA = this.keys[a];
    const keyB = this.keys[b];
    return keyA < keyB || (keyA === keyB && this.orders[a] < this.orders[b]);
  }

  private swap(a: number, b: number): void {
    if (a === b) return;
    const { keys, orders, items } = this;
    const key = keys[a];
    keys[a] = keys[b];
    keys[b] = key;
    const order = orders[a];
    orders[a] = orders[b];
    orders[b] = order;
    const item = items[a];
    items[a] = items[b];
    items[b] = item;
  }
}
