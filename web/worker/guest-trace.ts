import { ErrnoError, type Guest, type GuestTrace, timeline, type TraceFormat } from 'irqlab/browser';
import type { Traced } from './trace-protocol.js';

/** Room for each CPU's events: as many as can be drawn. */
const BUFFER_KB = 256;
const SET_EVENT = '/sys/kernel/tracing/set_event';

/** The trace of a guest, if one was asked for. */
export class TraceOfGuest {
  private trace: GuestTrace | undefined;
  private isOn = false;
  /** Events that `begin` has turned on, as set_event names them. */
  private turnedOn: readonly string[] = [];

  constructor(private readonly guest: Guest) {}

  /** @returns a refusal. */
  begin(events: readonly string[]): string | undefined {
    this.end();
    const before = new Set(this.eventsOn());
    try {
      this.trace = this.guest.trace({ events, bufferKb: BUFFER_KB });
      this.isOn = true;
    } catch (error) {
      if (error instanceof ErrnoError) return error.message;
      throw error;
    } finally {
      this.turnedOn = this.eventsOn().filter((event) => !before.has(event));
      if (!this.isOn) this.turnOff();
    }
    return undefined;
  }

  /** What else is on, by what was written to the guest's files, stays so. */
  end(): undefined {
    this.trace?.stop();
    this.turnOff();
    this.isOn = false;
  }

  private eventsOn(): string[] {
    return this.guest.fs
      .readFile(SET_EVENT)
      .split('\n')
      .filter((line) => line !== '');
  }

  private turnOff(): void {
    for (const event of this.turnedOn) this.guest.fs.writeFile(SET_EVENT, `!${event}`);
    this.turnedOn = [];
  }

  read(): Traced {
    const { trace, isOn } = this;
    if (trace === undefined) return { isOn, events: [], overwritten: 0 };
    return { isOn, events: timeline([...trace]), overwritten: trace.overwritten };
  }

  file(format: TraceFormat): Uint8Array {
    return this.trace?.file(format) ?? new Uint8Array();
  }
}
