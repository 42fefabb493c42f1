import { instance, int, list, mapping } from '../scenario/schema/shapes.js';
import { checkArgument } from './check-argument.js';

const moduleText = 'expected a module such as new ContainerModule(({ bind }) => …) of inversify 7 or 8';

const extensionKeys = {
  modules: list(
    'a list of modules',
    instance(moduleText, (value) => typeof (value as { load?: unknown } | null)?.load === 'function'),
  ).optional(),
};
const extensions = mapping('an object such as {modules: [plugin]}', extensionKeys);
const runOptions = mapping('an object such as {runNs: 1_000_000_000, modules: [plugin]}', {
  runNs: int(0, Number.MAX_SAFE_INTEGER).optional(),
  watch: instance('expected a function', (value) => typeof value === 'function').optional(),
  ...extensionKeys,
});

/** @throws TypeError for what is no extension of a guest. */
export function checkExtensions(value: object): void {
  checkArgument('extensions', extensions, value);
}

/** @throws TypeError or RangeError for what is no option of a run, nor an extension of its guest. */
export function checkRunOptions(value: object): void {
  checkArgument('options', runOptions, value);
}
