#!/usr/bin/env node
// What this file imports is loaded at each start. The command line itself is loaded from one file (docs/performance.md),
// unless code of the user's own may import irqlab, which must then be the modules that the command line consists of.
import { readFileSync } from 'node:fs';
import { loadBundle } from './bundle.js';
import { mayLoadUserCode } from './user-code.js';

const args = process.argv.slice(2);
if (args.length === 1 && ['-V', '--version'].includes(args[0])) {
  // As main does, which would have to be loaded first.
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  process.stdout.write(`${version}\n`);
} else if (process.env['IRQLAB_CHECKS'] && (await refusesChecks())) {
  const { exitStatus } = await import('../command/exit-status.js');
  process.exitCode = exitStatus.usage;
} else if (mayLoadUserCode(args)) {
  const { sharePackages } = await import('../command/share-packages.js');
  sharePackages();
  const { start } = await import('./start.js');
  await start(args);
} else {
  const { start } = loadBundle(args)?.exports ?? (await import('./start.js'));
  await start(args);
}

/** Says so if IRQLAB_CHECKS has a word that means nothing: modules of the model do not load then. */
async function refusesChecks(): Promise<boolean> {
  try {
    await import('../lib/checks.js');
    return false;
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    process.stderr.write(`irqlab: ${error.message}\n`);
    return true;
  }
}
