import { expect, test } from '@jest/globals';
import type { Relid } from '../../../src/lib/brand.js';
import { runAtomic } from '../../../src/machine/step.js';
import {
  BhDisabledChannelList,
  BhDisabledRemovalList,
  type ChannelList,
  RcuChannelList,
  TaskletChannelList,
  type TaskletControl,
} from '../../../src/vmbus/variants/channel-lists.js';
import { PercpuListRelidMap } from '../../../src/vmbus/variants/percpu-list-map.js';
import { device, TestGuest } from '../../support/guest.js';

class Control implements TaskletControl {
  depth = 0;
  readonly calls: number[] = [];
  localBhDisable(): void {
    this.calls.push(++this.depth);
  }
  localBhEnable(): void {
    this.calls.push(--this.depth);
  }
}

const RELIDS: readonly Relid[] = [3, 4, 5];

test.each<[string, (control: TaskletControl) => ChannelList, number, number]>([
  ['RCU', () => new RcuChannelList('list'), 0, 0],
  ['plain', () => new TaskletChannelList('list'), 0, 0],
  ['tasklets kept away from removal', (control) => new BhDisabledRemovalList('list', control), 0, 1],
  ['tasklets kept away from both', (control) => new BhDisabledChannelList('list', control), 1, 1],
])('a list of channels (%s) finds what was added and not removed', (_name, make, atAdd, atDelete) => {
  const devices = RELIDS.map((relid) => device('kvp', relid));
  const guest = new TestGuest({ present: 1, devices, backends: [], drivers: () => [] }).boot();
  const control = new Control();
  const list = make(control);
  const found = (): (Relid | undefined)[] => RELIDS.map((relid) => list.find(relid)?.relid);
  const foundInSteps = (): (Relid | undefined)[] =>
    RELIDS.map((relid) => runAtomic(list.findSteps(relid))?.relid);
  expect(found()).toEqual([undefined, undefined, undefined]);
  const bracket = (times: number): number[] => new Array(times).fill([1, 0]).flat();
  for (const relid of RELIDS) {
    control.calls.length = 0;
    guest.run(list.add(guest.channel(relid)));
    expect(control.calls).toEqual(bracket(atAdd));
  }
  expect([found(), foundInSteps()]).toEqual([RELIDS, RELIDS]);
  for (const [relid, left] of [
    [4, [3, undefined, 5]],
    [4, [3, undefined, 5]],
    [5, [3, undefined, undefined]],
    [3, [undefined, undefined, undefined]],
  ] as const) {
    control.calls.length = 0;
    guest.run(list.delete(guest.channel(relid)));
    expect(control.calls).toEqual(bracket(atDelete));
    expect([found(), foundInSteps()]).toEqual([left, left]);
  }
});

test('a channel that is twice on the list of a CPU, or on that of another, is a broken rule', () => {
  const guest = new TestGuest({ present: 2, devices: [device('kvp', 3)] }).boot();
  const { lifetime, mover } = guest.connection;
  const lists: ChannelList[] = [];
  const map = new PercpuListRelidMap(2, lifetime, mover, {
    makeList: (name) => {
      const list = new TaskletChannelList(name);
      lists.push(list);
      return list;
    },
  });
  const channel = guest.channel(3);
  runAtomic(map.map(channel));
  expect(map.broken()).toEqual([]);
  runAtomic(map.map(channel));
  expect(map.broken()).toEqual(['a channel is twice on the list of CPU 0']);
  runAtomic(lists[0].delete(channel));
  runAtomic(lists[1].add(channel));
  expect(map.broken()).toEqual(['channel 3 is on the list of CPU 1']);
});
