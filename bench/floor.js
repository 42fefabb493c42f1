// The C programs of floor/: what benches are measured against where there is a C compiler.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * Calls `use` with the path of a compiled program, which is gone afterwards; with undefined where it cannot be compiled.
 *
 * @param name of the source in floor/.
 */
export function withFloor(name, use) {
  const directory = mkdtempSync(join(tmpdir(), 'irqlab-bench-'));
  try {
    const source = fileURLToPath(new URL(`./floor/${name}`, import.meta.url));
    const binary = join(directory, 'floor');
    const { error, status } = spawnSync('cc', ['-O2', '-o', binary, source], {
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    return use(error === undefined && status === 0 ? binary : undefined);
  } finally {
    rmSync(directory, { recursive: true });
  }
}
