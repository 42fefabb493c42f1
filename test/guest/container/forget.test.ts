import { expect, test } from '@jest/globals';
import { Container } from 'inversify';
import { Guest } from '../../../src/guest/guest.js';
import type { GuestOptions } from '../../../src/scenario/options/guest.js';
import { forgetter } from '../../../src/guest/container/forget.js';

test('a container that forgets has nothing more, and ends nothing that it has made', () => {
  const container = new Container({ defaultScope: 'Singleton' });
  const forget = forgetter(container);
  const token = Symbol('part');
  let ended = 0;
  container
    .bind<object>(token)
    .toDynamicValue(() => ({}))
    .inSingletonScope()
    .onDeactivation(() => {
      ended += 1;
    });
  const part = container.get<object>(token);
  expect(container.get(token)).toBe(part);
  forget();
  expect([container.isBound(token), ended]).toEqual([false, 0]);
});

test('a container forgets though it has made nothing', () => {
  const container = new Container();
  forgetter(container)();
  expect(container.isBound('anything')).toBe(false);
});

/** What weak references were made to meanwhile, which stays in memory until the job ends. */
function weaklyReferredTo(action: () => void): readonly WeakKey[] {
  const { WeakRef: original } = globalThis;
  const targets: WeakKey[] = [];
  globalThis.WeakRef = class<T extends WeakKey> extends original<T> {
    constructor(target: T) {
      super(target);
      targets.push(target);
    }
  };
  try {
    action();
  } finally {
    globalThis.WeakRef = original;
  }
  return targets;
}

test.each<[string, Partial<GuestOptions>]>([
  ['x86', {}],
  ['arm64', { arch: 'arm64' }],
  [
    'with devices behind KVM',
    { kvm: { devices: [{ gsi: 10, name: 'vfio-intx', everyNs: 1000, duringNs: 1000 }] } },
  ],
  ['of another design', { design: 'mainline' }],
] as const)(
  'a guest, %s, leaves nothing but the skeleton of a few nodes for the rest of the job',
  (_name, options) => {
    const make = (): Guest =>
      Guest.create({ cpus: 2, devices: [{ driver: 'heartbeat', relid: 7 }], ...options });
    make();
    const left = weaklyReferredTo(make);
    expect(left.length).toBeGreaterThan(0);
    expect(left.length).toBeLessThan(30);
    for (const node of left) expect(node).toMatchObject({ bindings: undefined });
  },
);
