import { instance, list, mapping } from '../scenario/schema/shapes.js';
import { checkArgument } from './check-argument.js';

const moduleText = 'expected a module such as new ContainerModule(({ bind }) => …) of inversify 7 or 8';

const extensions = mapping('an object such as {modules: [plugin]}', {
  modules: list(
    'a list of modules',
    instance(moduleText, (value) => typeof (value as { load?: unknown } | null)?.load === 'function'),
  ).optional(),
});

/** @throws TypeError for what is no extension of a guest. */
export function checkExtensions(value: object): void {
  checkArgument('extensions', extensions, value);
}
