import { type ExitStatus, exitStatus } from '../command/exit-status.js';
import { writeNewText } from '../command/named-file.js';
import type { Stdio } from '../command/stdio.js';
import { UsageError } from '../command/usage-error.js';
import type { CpuId } from '../lib/brand.js';
import { ErrnoError } from '../lib/errno.js';
import { parseCpuList } from '../machine/cpumask-text.js';
import { parseScenario } from '../scenario/load.js';
import { scenarioOf } from './captured-scenario.js';
import { openMachine } from './open-machine.js';
import { pictureOf } from './picture/machine-picture.js';
import { type OfflinePlan, planOffline } from './picture/offline-plan.js';
import { planScript } from './picture/plan-script.js';
import { provePlan } from './picture/prove-plan.js';
import { showInterrupts } from './show-interrupts.js';

/**
 * `irqlab plan offline`: a shell script that takes CPUs of a recorded machine offline, once a guest made of the recording
 * has done the same.
 *
 * @returns failed if the guest cannot do it.
 * @throws UsageError for files that cannot be used and CPUs that cannot go.
 */
export async function runPlanOffline(
  cpuList: string,
  file: string,
  { output, force = false }: { readonly output?: string; readonly force?: boolean },
  stdio: Stdio,
): Promise<ExitStatus> {
  const machine = await openMachine(file, stdio);
  const picture = pictureOf(machine);
  const plan = planned(() => planOffline(picture, cpusOf(cpuList, picture.nodeOf.length)));
  const { text } = await scenarioOf(machine, showInterrupts);
  const { Guest } = await import('../guest/guest.js');
  const problem = provePlan(Guest.ofScenario(parseScenario(text, file)), plan);
  if (problem !== undefined) {
    stdio.err(`irqlab: a guest made of ${file} cannot do it: ${problem}\n`);
    return exitStatus.failed;
  }
  const script = planScript(plan, picture.name);
  if (output === undefined || output === '-') stdio.out(script);
  else writeNewText(output, script, force);
  return exitStatus.ok;
}

function planned(make: () => OfflinePlan): OfflinePlan {
  try {
    return make();
  } catch (error) {
    if (error instanceof RangeError) throw new UsageError(error.message);
    throw error;
  }
}

function cpusOf(text: string, possible: number): CpuId[] {
  try {
    const cpus = [...parseCpuList(text, possible)];
    if (cpus.length > 0) return cpus;
  } catch (error) {
    if (!(error instanceof ErrnoError)) throw error;
  }
  throw new UsageError(`expected CPUs of 0-${possible - 1} such as 4-7, not ${JSON.stringify(text)}`);
}
