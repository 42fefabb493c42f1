import { expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { Fifo } from '../../src/lib/fifo.js';

test('gives back what an array gives', () => {
  const step = fc.constantFrom('push', 'push', 'push', 'shift', 'shift', 'peek', 'clear');
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const fifo = new Fifo<number>();
      let model: number[] = [];
      steps.forEach((name, i) => {
        if (name === 'push') {
          fifo.push(i);
          model.push(i);
        } else if (name === 'shift') expect(fifo.shift()).toBe(model.shift());
        else if (name === 'peek') expect(fifo.peek()).toBe(model[0]);
        else {
          expect(fifo.clear()).toEqual(model);
          model = [];
        }
        expect(fifo.size).toBe(model.length);
      });
    }),
  );
});
