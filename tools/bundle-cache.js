// Runs a command and keeps what V8 has compiled for it: node tools/bundle-cache.js COMMAND…
import { writeFileSync } from 'node:fs';
import { cacheFile, runScript } from '../dist/cli/bundle.js';

const args = process.argv.slice(2);
const { exports, script } = runScript();
await exports.start(args);
writeFileSync(cacheFile(args), script.createCachedData());
