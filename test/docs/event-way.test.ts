import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { Guest } from 'irqlab';
import type { DeviceOptions } from '../../src/scenario/options/devices.js';
import { readPage, root } from './pages.js';

/** A function and the file that it is in, from src on. */
interface Place {
  readonly file: string;
  /** As in the picture, with its class; in a stack without, and null for arrow functions. */
  readonly name: string | null;
}

const [, section = ''] = readPage('docs/architecture.md').split("## One event's way\n");
const [, picture = ''] = /```mermaid\n([^`]+)```/.exec(section) ?? [];

/** What the picture names, in its order, as in `machine/cpu.ts Cpu.raise, Cpu.handle`. */
const named: readonly Place[] = [
  ...picture.matchAll(/([a-z][\w/-]+\.ts) (\w+(?:\.\w+)?(?:, \w+(?:\.\w+)?)*)/g),
].flatMap(([, file, names]) => names.split(', ').map((name) => ({ file, name })));

/** The functions that an event runs through, from the host's to the channel's callback. */
function eventStack(arch: string, device: DeviceOptions): Place[] {
  const vm = Guest.create({ arch, cpus: 2, devices: [device] });
  const channel = vm.vmbus.connection.relids.relid2channel(device.relid);
  if (channel === undefined) throw new Error(`no channel ${device.relid}`);
  let stack: Place[] = [];
  const callback = (): void => {
    stack = placesOfStack();
  };
  channel.storeCallback(callback, 'test');
  vm.host.signal(device.relid);
  const from = stack.findIndex(({ file }) => file === 'host/misbehave/misbehaviour.ts');
  return stack.slice(0, from + 1).reverse();
}

/** Who has called the caller, the innermost first. */
function placesOfStack(): Place[] {
  const { stackTraceLimit, prepareStackTrace } = Error;
  let places: Place[] = [];
  Error.stackTraceLimit = 60;
  Error.prepareStackTrace = (_error, sites) => {
    places = sites.map((site) => ({
      file: (site.getFileName() ?? '').split('/src/').at(-1) ?? '',
      name: site.getFunctionName(),
    }));
  };
  void new Error('for its stack').stack;
  Object.assign(Error, { stackTraceLimit, prepareStackTrace });
  return places.slice(2);
}

/** Where in the picture a function of a stack is; -1: nowhere. */
function indexOf({ file, name }: Place): number {
  return named.findIndex((place) => place.file === file && (name === null || baseOf(place) === name));
}

function baseOf({ name }: Place): string | undefined {
  return name?.split('.').at(-1);
}

describe('the picture of one event’s way', () => {
  test('names functions that there are', () => {
    expect(named.length).toBeGreaterThan(30);
    const missing = named.filter(({ file, name }) => {
      const path = fileURLToPath(new URL(`src/${file}`, root));
      const text = existsSync(path) ? readFileSync(path, 'utf8') : '';
      return !name?.split('.').every((part) => new RegExp(`\\b${part}\\b`).test(text));
    });
    expect(missing).toEqual([]);
  });

  test.each<DeviceOptions>([
    { driver: 'netvsc', relid: 13 },
    { driver: 'kvp', relid: 7 },
    { driver: 'storvsc', relid: 14 },
  ])('is the way to $driver’s callback on x86', (device) => {
    const stack = eventStack('x86_64', device);
    expect(stack.length).toBeGreaterThan(7);
    expect(stack.filter((place) => indexOf(place) < 0)).toEqual([]);
    const order = stack.map(indexOf);
    expect(order).toEqual([...order].sort((a, b) => a - b));
  });

  test('has all of the way on arm64', () => {
    const stack = eventStack('arm64', { driver: 'netvsc', relid: 13 });
    expect(stack.length).toBeGreaterThan(20);
    expect(stack.filter((place) => indexOf(place) < 0)).toEqual([]);
  });
});
