import { expect, test } from '@jest/globals';
import { Container } from 'inversify';
import { type Token, token } from '../../src/lib/token.js';

interface Shape {
  readonly corners: number;
}

const SHAPE: Token<Shape> = token('Shape');

test('a container infers from a token what it is asked for', () => {
  const container = new Container();
  container.bind(SHAPE).toConstantValue({ corners: 3 });
  container.bind(SHAPE).toConstantValue({ corners: 4 });
  const shapes: Shape[] = container.getAll(SHAPE);
  expect(shapes.map(({ corners }) => corners)).toEqual([3, 4]);
});

test('a token is the same wherever it is asked for', () => {
  expect(token('Shape')).toBe(SHAPE);
  expect(SHAPE.description).toBe('irqlab.Shape');
});
