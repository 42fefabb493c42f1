// Node's module hooks for `npm run coverage`: what hooks.js makes of the sources counts which lines have run. The
// counts are in the global object, where jest-light-runner's part in worker.js looks for them.
import { createInstrumenter } from 'istanbul-lib-instrument';

const COUNTED = /\/src\/(?:irq|vmbus)\/.*\.ts$/;
const SOURCE_MAP = /\n\/\/# sourceMappingURL=data:application\/json;base64,(.*)\s*$/;
const instrumenter = createInstrumenter({ esModules: true });

export async function load(url, context, nextLoad) {
  const loaded = await nextLoad(url, context);
  if (!COUNTED.test(url)) return loaded;
  const [, map] = SOURCE_MAP.exec(loaded.source);
  const path = new URL(url).pathname;
  const source = instrumenter.instrumentSync(loaded.source, path, JSON.parse(Buffer.from(map, 'base64')));
  return { ...loaded, source };
}
