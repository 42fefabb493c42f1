import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseProcIrqDump, type ProcIrqDump } from '../capture/proc-irq-dump.js';
import { UsageError } from '../command/usage-error.js';

const cli = fileURLToPath(new URL('./cli.js', import.meta.url));
/** irqbalance wants a place for its socket; this one goes with the namespace. */
const BALANCE = `PATH=$PATH:/usr/sbin:/sbin
command -v irqbalance >/dev/null || exit 127
mount -t tmpfs none /run && mkdir /run/irqbalance
irqbalance --oneshot --foreground --interval 2 >&2
grep . /proc/irq/*/smp_affinity_list /proc/irq/*/effective_affinity_list`;

/**
 * Has irqbalance look once at the guest of a scenario, in a shell of `irqlab shell`.
 *
 * @throws UsageError if it is not installed, or the guest's files cannot be put in place.
 */
export async function askIrqbalance(scenario: string): Promise<ProcIrqDump> {
  const directory = mkdtempSync(join(tmpdir(), 'irqlab-balance-'));
  try {
    const file = join(directory, 'machine.yaml');
    // The guest goes on for as long as irqbalance looks.
    writeFileSync(file, scenario.replace(/^run: .*$/m, 'run: 3600s'));
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      [cli, 'shell', file, '--', 'sh', '-c', BALANCE],
      { encoding: 'utf8', maxBuffer: 1 << 26 },
    );
    if (status === 127)
      throw new UsageError('irqbalance is not installed', 'Install it, or leave --irqbalance out.');
    if (status !== 0)
      throw new UsageError(`irqbalance could not be run on the guest: ${stderr.trim().slice(-400)}`);
    return parseProcIrqDump(stdout);
  } finally {
    rmSync(directory, { recursive: true });
  }
}
