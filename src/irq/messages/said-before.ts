/** How often places of the kernel's code have spoken since its start: what its static variables count. */
export class SaidBefore {
  private readonly times = new Map<string, number>();

  /** True the first time for `place`. */
  isFirst(place: string): boolean {
    return this.isAmongFirst(1, place);
  }

  /** True the first `count` times for `place`. */
  isAmongFirst(count: number, place: string): boolean {
    const before = this.times.get(place) ?? 0;
    if (before >= count) return false;
    this.times.set(place, before + 1);
    return true;
  }
}
