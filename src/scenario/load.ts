import { z } from 'zod';
import { checkCpus, checkScenario } from './check.js';
import { type Diagnostic, ScenarioError } from './diagnostics.js';
import { describeIssues } from './issues.js';
import type { GuestOptions, HostOptions } from './options.js';
import { usableParts } from './parts.js';
import type { Scenario, Step } from './scenario.js';
import { type ScenarioKeys, scenarioSchema } from './schema/index.js';
import { Source } from './source.js';

/**
 * Reads the text of a scenario file.
 *
 * @param file what to call it in messages.
 * @throws ScenarioError if something in it is wrong; it names everything that is.
 */
export function parseScenario(text: string, file: string): Scenario {
  const source = new Source(text, file);
  const data = plainData(source);
  const parsed = z.safeParse(scenarioSchema, data);
  const diagnostics = parsed.success ? [] : describeIssues(parsed.error.issues, data, source);
  checkScenario(usableParts(data), (path, message) =>
    diagnostics.push({ place: source.placeOf(path), message }),
  );
  if (parsed.data === undefined || diagnostics.length > 0) throw new ScenarioError(sorted(diagnostics));
  return build(parsed.data, source);
}

function plainData(source: Source): unknown {
  const { problems } = source;
  if (problems.length > 0) throw new ScenarioError(sorted(problems));
  try {
    return source.data;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new ScenarioError([{ place: source.placeOf([]), message }]);
  }
}

function sorted(diagnostics: readonly Diagnostic[]): Diagnostic[] {
  return diagnostics.toSorted(({ place: a }, { place: b }) => a.line - b.line || a.column - b.column);
}

function build(keys: ScenarioKeys, source: Source): Scenario {
  let latest = 0;
  const timeline = (keys.timeline ?? []).map(({ atNs = latest, action, expect }, i): Step => {
    latest = atNs;
    return { atNs, action, expect, place: source.placeOf(['timeline', i]) };
  });
  return {
    file: source.file,
    description: keys.description ?? '',
    guest: guestOptions(keys),
    workload: keys.workload ?? [],
    timeline,
    runNs: keys.run,
    print: keys.print ?? [],
  };
}

function guestOptions(keys: ScenarioKeys): GuestOptions {
  const { kernel, arch, nrIrqs, seed, interruptTime, devices, channels, interrupts, architectureRows } = keys;
  const cpus = checkCpus(keys.cpus, () => {}) ?? 1;
  return {
    cpus,
    kernel,
    arch,
    nrIrqs,
    seed,
    interruptTimeNs: interruptTime,
    host: keys.host && hostOptions(keys.host),
    isolation: keys.isolation,
    design: keys.design,
    devices,
    channels,
    interrupts,
    kvm: keys.kvm,
    architectureRows,
    procInterrupts: keys.procInterrupts,
    vmbus: keys.vmbus,
  };
}

function hostOptions({ latency, ...others }: NonNullable<ScenarioKeys['host']>): HostOptions {
  if (latency === undefined) return others;
  const { message: messageNs, open: openNs, gpadl: gpadlNs, modifyChannel: modifyChannelNs } = latency;
  return { ...others, latency: { messageNs, openNs, gpadlNs, modifyChannelNs } };
}
