import { z } from 'zod';
import type { MisbehaveRule } from '../../host/misbehave/rule.js';
import { misbehaveRule } from '../schema/misbehave-rule.js';
import type { HostActKind } from './host-act.js';

export interface Misbehave {
  readonly kind: 'misbehave';
  readonly rule: MisbehaveRule;
}

export const misbehave: HostActKind<Misbehave> = {
  kind: 'misbehave',
  value: misbehaveRule
    .describe('From now on the host does this')
    .transform((rule): Misbehave => ({ kind: 'misbehave', rule })),
  perform: (host, { rule }) => host.misbehave(rule),
};

export interface Behave {
  readonly kind: 'behave';
}

export const behave: HostActKind<Behave> = {
  kind: 'behave',
  value: z
    .literal(true, { error: 'true' })
    .describe('From now on the host behaves')
    .transform((): Behave => ({ kind: 'behave' })),
  perform: (host) => host.behave(),
};
