import { attack } from '../../fuzz/plan.js';
import type { Part } from '../trial.js';

/** Small guests under hosts that do everything that a host can do. */
export const hosts: Part = {
  name: 'hosts',
  about: 'hosts that send, corrupt and withhold all that they can, against lean guests',
  actions: 500,
  budgetMs: 10_000,
  run: ({ setup, actions }, watch) => attack(setup, actions, watch),
};
