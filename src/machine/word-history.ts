import type { View } from './step.js';

/** The stores that have reached memory of one word, in order, the value that it began with first. */
export class WordHistory {
  /** For each: how many stores, to whatever word, had reached memory with it. Ascending. */
  private readonly times: View[] = [0];
  private readonly values: number[];

  constructor(first: number) {
    this.values = [first];
  }

  /** Position of the newest store. */
  get newest(): number {
    return this.times.length - 1;
  }

  add(time: View, value: number): void {
    this.times.push(time);
    this.values.push(value);
  }

  timeAt(position: number): View {
    return this.times[position];
  }

  valueAt(position: number): number {
    return this.values[position];
  }

  /** Position of the newest store that had reached memory at `time`. */
  newestAt(time: View): number {
    let position = this.newest;
    while (this.times[position] > time) position -= 1;
    return position;
  }

  /** All of it, for whoever tells states apart. */
  get text(): string {
    return `${this.times.join()};${this.values.join()}`;
  }
}
