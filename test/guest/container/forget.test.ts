import { expect, test } from '@jest/globals';
import { Container } from 'inversify';
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
