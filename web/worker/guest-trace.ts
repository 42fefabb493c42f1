import { ErrnoError, type Guest, type GuestTrace, timeline, type TraceFormat } from 'irqlab/browser';
import type { Traced } from './trace-protocol.js';

/** Room for each CPU's events: as many as can be drawn. */
const BUFFER_KB = 256;

/** The trace of a guest, if one was asked for. */
export class TraceOfGuest {
  private trace: GuestTrace | undefined;
  private isOn = false;

  constructor(private readonly guest: Guest) {}

  /** @returns a refusal. */
  begin(events: readonly string[]): string | undefined {
    try {
      this.trace?.stop();
      this.trace = this.guest.trace({ events, bufferKb: BUFFER_KB });
      this.isOn = true;
      return undefined;
    } catch (error) {
      if (error instanceof ErrnoError) return error.message;
      throw error;
    }
  }

  end(): undefined {
    this.trace?.stop();
    if (this.isOn) this.guest.fs.writeFile('/sys/kernel/tracing/events/enable', '0');
    this.isOn = false;
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
