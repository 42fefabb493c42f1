import { z } from 'zod';
import { nonEmpty } from '../schema/notations.js';
import { list } from '../schema/shapes.js';
import { defineAction, type ScenarioAction } from './action.js';
import type { ScenarioGuest } from '../port.js';

const modules = z
  .union([nonEmpty, list('names of modules', nonEmpty)], {
    error: 'the name of a module such as hv_netvsc, or a list of names',
  })
  .transform((given) => (typeof given === 'string' ? [given] : given));

/** A command that takes names of modules. */
function moduleAction(
  name: string,
  about: string,
  perform: (guest: ScenarioGuest, names: readonly string[]) => void,
): ScenarioAction {
  return defineAction({
    name,
    value: modules.describe(about),
    fields: (names) => ({ names }),
    describe: ({ names }) => `${name} ${names.join(' ')}`,
    endsWithCall: true,
    perform(guest, { names }) {
      perform(guest, names);
    },
  });
}

export const rmmod = moduleAction(
  'rmmod',
  'Modules of VMBus and its drivers are unloaded, in this order',
  (guest, names) => guest.rmmod(...names),
);

export const modprobe = moduleAction(
  'modprobe',
  'Modules of VMBus and its drivers are loaded, and hv_vmbus before the others',
  (guest, names) => guest.modprobe(...names),
);
