/**
 * Sorts `items` in place, equal ones left in the order in which the kernel's heapsort happens to leave them: it is not
 * stable, and results of the kernel show it (lib/sort.c sort_r).
 *
 * @param compare negative, 0 or positive, as for Array.prototype.sort.
 * @param popsTwo the largest two are taken off the heap at a time, and of two equal children the right one is preferred
 *   (since 6.9); before that one at a time, and the left one.
 */
export function kernelSort<T>(items: T[], compare: (a: T, b: T) => number, popsTwo: boolean): void {
  const heap = new SortHeap(items, compare, popsTwo);
  for (let at = items.length >>> 1; at > 0; ) heap.sift(--at);
  if (popsTwo) heap.popPairs();
  else heap.popEach();
}

/** The part of the array that is still a heap, its largest element first; what is behind it is sorted. */
class SortHeap<T> {
  private size: number;

  constructor(
    private readonly items: T[],
    private readonly compare: (a: T, b: T) => number,
    private readonly rightIfEqual: boolean,
  ) {
    this.size = items.length;
  }

  /** Puts the element at `at` where it belongs: down to the leaves along the larger children, then up again. */
  sift(at: number): void {
    const { items, size } = this;
    let hole = at;
    while (2 * hole + 2 < size) hole = this.largerChild(2 * hole + 1);
    if (2 * hole + 2 === size) hole = 2 * hole + 1;
    while (hole !== at && this.compare(items[at], items[hole]) >= 0) hole = (hole - 1) >>> 1;
    const target = hole;
    while (hole !== at) {
      hole = (hole - 1) >>> 1;
      this.swap(hole, target);
    }
  }

  popEach(): void {
    while (this.size > 1) {
      this.swap(0, --this.size);
      this.sift(0);
    }
  }

  /** The last two or three elements need no heap. */
  popPairs(): void {
    const { items, compare } = this;
    while (this.size > 3) {
      this.swap(0, --this.size);
      const second = compare(items[1], items[2]) <= 0 ? 2 : 1;
      this.swap(second, --this.size);
      this.sift(second);
      this.sift(0);
    }
    if (this.size < 2) return;
    this.swap(0, --this.size);
    if (this.size === 2 && compare(items[0], items[1]) > 0) this.swap(0, 1);
  }

  private largerChild(left: number): number {
    const order = this.compare(this.items[left], this.items[left + 1]);
    return order > 0 || (order === 0 && !this.rightIfEqual) ? left : left + 1;
  }

  private swap(a: number, b: number): void {
    const { items } = this;
    [items[a], items[b]] = [items[b], items[a]];
  }
}
