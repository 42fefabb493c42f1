import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Clock, type ClockEvent } from '../../src/machine/clock.js';

class Recorder {
  readonly clock = new Clock();
  readonly happened: string[] = [];

  event(name: string, more: () => void = () => {}): ClockEvent {
    return {
      fire: () => {
        this.happened.push(`${name}@${this.clock.now}`);
        more();
      },
    };
  }

  runAll(): string[] {
    while (this.clock.runNext());
    return this.happened.splice(0);
  }
}

describe('Clock', () => {
  test('events happen by time, and in order of arrival at equal times', () => {
    const recorder = new Recorder();
    const { clock } = recorder;
    clock.after(20, recorder.event('late'));
    clock.after(10, recorder.event('a'));
    clock.after(0, recorder.event('now'));
    clock.after(10, recorder.event('b'));
    expect([clock.now, clock.pending, clock.nextTime]).toEqual([0, 4, 0]);
    expect(recorder.runAll()).toEqual(['now@0', 'a@10', 'b@10', 'late@20']);
    expect([clock.now, clock.pending, clock.nextTime]).toEqual([20, 0, undefined]);
    expect(clock.runNext()).toBe(false);
  });

  test('what an event schedules for the same time comes after what was there', () => {
    const recorder = new Recorder();
    const { clock } = recorder;
    clock.after(
      5,
      recorder.event('first', () => clock.after(0, recorder.event('third'))),
    );
    clock.after(5, recorder.event('second'));
    expect(recorder.runAll()).toEqual(['first@5', 'second@5', 'third@5']);
  });

  test('a cancelled event does not happen and does not move the time', () => {
    const recorder = new Recorder();
    const { clock } = recorder;
    const gone = recorder.event('gone');
    clock.after(5, gone);
    clock.after(7, recorder.event('stays'));
    expect(clock.cancel(gone)).toBe(true);
    expect([clock.pending, clock.nextTime]).toEqual([1, 7]);
    expect(recorder.runAll()).toEqual(['stays@7']);
  });

  test('an event that is cancelled and scheduled anew comes at its new time, be it sooner or later', () => {
    const recorder = new Recorder();
    const { clock } = recorder;
    const sooner = recorder.event('sooner');
    const later = recorder.event('later');
    clock.after(50, sooner);
    clock.after(10, later);
    clock.cancel(sooner);
    clock.cancel(later);
    clock.after(20, sooner);
    clock.after(60, later);
    expect(recorder.runAll()).toEqual(['sooner@20', 'later@60']);
  });

  test('cancelling what has happened already changes nothing', () => {
    const recorder = new Recorder();
    const { clock } = recorder;
    const event = recorder.event('event');
    clock.after(1, event);
    recorder.runAll();
    expect(clock.cancel(event)).toBe(false);
    expect(clock.pending).toBe(0);
    clock.after(1, event);
    expect(recorder.runAll()).toEqual(['event@2']);
  });

  test('an event is gone before it happens, so that it may schedule itself again', () => {
    const recorder = new Recorder();
    const { clock } = recorder;
    let left = 2;
    const event: ClockEvent = {
      fire: () => {
        recorder.happened.push(`${clock.pending}@${clock.now}`);
        if (left-- > 0) clock.after(3, event);
      },
    };
    clock.after(0, event);
    expect(recorder.runAll()).toEqual(['0@0', '0@3', '0@6']);
  });

  test.each([-1, Number.NaN, Number.POSITIVE_INFINITY])('an event cannot come %d ns from now', (ns) => {
    const { clock } = new Recorder();
    expect(() => clock.after(ns, { fire: () => {} })).toThrow(RangeError);
    expect(clock.pending).toBe(0);
  });

  test('time does not go back, nor past an event', () => {
    const recorder = new Recorder();
    const { clock } = recorder;
    clock.after(10, recorder.event('event'));
    clock.advanceTo(10);
    expect(clock.now).toBe(10);
    for (const time of [9, 11, Number.NaN]) expect(() => clock.advanceTo(time)).toThrow(RangeError);
    expect(clock.now).toBe(10);
    expect(recorder.runAll()).toEqual(['event@10']);
  });

  test('events come as if sorted by time, less those that were cancelled', () => {
    const delays = fc.array(fc.record({ ns: fc.nat(9), cancelled: fc.boolean() }), { maxLength: 40 });
    fc.assert(
      fc.property(delays, (wanted) => {
        const recorder = new Recorder();
        const events = wanted.map((_, i) => recorder.event(String(i)));
        wanted.forEach(({ ns }, i) => void recorder.clock.after(ns, events[i]));
        wanted.forEach(({ cancelled }, i) => void (cancelled && recorder.clock.cancel(events[i])));
        const expected = wanted
          .map(({ ns, cancelled }, i) => ({ ns, cancelled, text: `${i}@${ns}` }))
          .filter(({ cancelled }) => !cancelled)
          .sort((a, b) => a.ns - b.ns);
        expect(recorder.clock.pending).toBe(expected.length);
        expect(recorder.runAll()).toEqual(expected.map(({ text }) => text));
      }),
    );
  });
});
