// Compiles the hostile suite, test/hostile, and runs it: npm run hostile -- --help.
import { spawnSync } from 'node:child_process';
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../', import.meta.url));
const compiler = join(root, 'node_modules/.bin/tsc');

const { status } = spawnSync(compiler, ['-p', 'tsconfig.hostile.json'], { cwd: root, stdio: 'inherit' });
if (status !== 0) process.exit(status ?? 1);
// The command line reads its version there.
copyFileSync(join(root, 'package.json'), join(root, 'build/package.json'));
// What must hold is looked at after each transition of the guests, too.
process.env.IRQLAB_CHECKS = 'full';
await import('../build/test/hostile/main.js');
