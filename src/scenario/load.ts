import { z } from 'zod';
import { checkScenario } from './checks/scenario.js';
import { type Diagnostic, ScenarioError } from './diagnostics.js';
import { describeIssues } from './issues.js';
import { builtinLanguage, type ScenarioLanguage } from './language.js';
import type { GuestOptions } from './options/guest.js';
import type { Scenario, Step } from './scenario.js';
import { checkCpus } from './schema/cpus.js';
import { hostOptions } from './schema/host.js';
import type { ScenarioKeys } from './schema/scenario.js';
import { usableValues } from './schema/usable-values.js';
import { Source } from './source.js';

/**
 * Reads the text of a scenario file.
 *
 * @param file what to call it in messages.
 * @param language what it may speak of; default: without plug-ins.
 * @throws ScenarioError if something in it is wrong; it names everything that is.
 */
export function parseScenario(
  text: string,
  file: string,
  language: ScenarioLanguage = builtinLanguage,
): Scenario {
  const source = new Source(text, file);
  const { problems, data } = source;
  if (problems.length > 0) throw new ScenarioError(sorted(problems));
  const parsed = z.safeParse(language.schema, data);
  const diagnostics = parsed.success ? [] : describeIssues(parsed.error.issues, data, source);
  const { platforms } = language.vocabulary;
  checkScenario(usableValues(language.shape, data), platforms, (path, message) =>
    diagnostics.push({ place: source.placeOf(path), message }),
  );
  if (parsed.data === undefined || diagnostics.length > 0) throw new ScenarioError(sorted(diagnostics));
  return build(parsed.data, source);
}

function sorted(diagnostics: readonly Diagnostic[]): Diagnostic[] {
  return diagnostics.toSorted(({ place: a }, { place: b }) => a.line - b.line || a.column - b.column);
}

function build(keys: ScenarioKeys, source: Source): Scenario {
  let latest = 0;
  const timeline = (keys.timeline ?? []).map(({ atNs = latest, planned, expect }, i): Step => {
    latest = atNs;
    return { ...planned, atNs, expect, place: source.placeOf(['timeline', i]) };
  });
  return {
    file: source.file,
    description: keys.description ?? '',
    guest: guestOptions(keys),
    workload: keys.workload ?? [],
    timeline,
    runNs: keys.run,
    expectsHang: keys.expect === 'hang',
    print: keys.print ?? [],
  };
}

function guestOptions(keys: ScenarioKeys): GuestOptions {
  const {
    kernel,
    cmdline,
    arch,
    nrIrqs,
    seed,
    interruptTime,
    devices,
    channels,
    interrupts,
    pci,
    architectureRows,
  } = keys;
  const cpus = checkCpus(keys.cpus, () => {}) ?? 1;
  return {
    cpus,
    kernel,
    cmdline,
    arch,
    generation: keys.generation,
    interruptRemapping: keys.interruptRemapping,
    its: keys.its,
    nrIrqs,
    maxIrqs: keys.maxIrqs,
    seed,
    interruptTimeNs: interruptTime,
    host: keys.host && hostOptions(keys.host),
    moduleParameters: keys.moduleParameters,
    isolation: keys.isolation,
    confidentialVmbus: keys.confidentialVmbus,
    design: keys.design,
    devices,
    channels,
    interrupts,
    pci,
    kvm: keys.kvm,
    architectureRows,
    procInterrupts: keys.procInterrupts,
    vmbus: keys.vmbus,
  };
}
