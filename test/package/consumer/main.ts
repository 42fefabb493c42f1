// Runs all that the other files use of the package.
import { Guest } from 'irqlab';
import { useInBrowser } from './browser.js';
import {
  byStates,
  drawnUnlocked,
  kernelWords,
  lockedVerdict,
  messagePassing,
  mixedIsRefused,
  sanitizerText,
  unlockedText,
  walkedText,
} from './explore.js';
import { channelsOfAll, designs, outcomes, problems, refusal, useGuest } from './guest.js';
import { missingIrqNames } from './irq.js';
import { useLab } from './lab.js';
import { useLines } from './lines.js';
import { useNames } from './named.js';
import { ECHO_CLASS, module } from './plugin.js';
import { usePoints } from './plugin-points.js';
import { usePicture, useSteering } from './steer.js';
import { exportInto, useMatchers } from './testing.js';
import { useTrace } from './trace.js';

const timeline = 'cpus: 2\ntimeline: [{offline: 0, expect: EBUSY}, {at: 2ms, offline: 1}]';

/** A line for each use, with what came of it. */
export function useAll(): string[] {
  const echo = Guest.create({ cpus: 2, devices: [{ class: ECHO_CLASS, relid: 9 }] }, { modules: [module] });
  const shown = echo.procInterrupts();
  return [
    `rows: ${useGuest().trim().split('\n').length > 5}`,
    `echo: ${/ echo$/m.test(shown)}, button: ${/ button$/m.test(shown)}`,
    `made by the class that is exported: ${echo instanceof Guest}`,
    `in a browser: ${useInBrowser('cpus: 3')}`,
    `plugged in: ${usePoints().join(', ')}`,
    `lab: ${useLab().join(', ')}`,
    `lines: ${useLines().join(', ')}`,
    `refused: ${refusal(echo)}`,
    `problems: ${problems('cpus: 0')}; ${problems('cpus: 1')}`,
    `steps: ${outcomes(timeline)}; ${outcomes(timeline, { runNs: 1_000_000 })}`,
    `designs: ${designs().length > 5}`,
    `channels: ${channelsOfAll()}`,
    ...useNames(),
    `locked: ${lockedVerdict()}`,
    `unlocked: ${unlockedText().split('\n')[0]}`,
    `drawn: ${drawnUnlocked()}`,
    `mixed stores refused: ${mixedIsRefused()}`,
    `early on arm64: ${messagePassing()}`,
    `the kernel's words: ${kernelWords()}`,
    `sanitizer: ${sanitizerText()}`,
    `walk: ${walkedText()}`,
    `missing: ${missingIrqNames()}`,
    `traced: ${useTrace()}`,
    `steered: ${useSteering()}`,
    `picture: ${usePicture()}`,
    `by states: ${byStates()}`,
    `matchers: ${useMatchers()}; export ${exportInto('.')}`,
  ];
}

/** What useAll is to give. */
export const expected: readonly string[] = [
  'rows: true',
  'echo: true, button: true',
  'made by the class that is exported: true',
  'in a browser: 0-2, one library true, reads files false',
  'plugged in: 0.00 0.00, here, 4096 poke only PluginError, poke is true, false',
  'lab: posted 5, 1 event on CPU 0, moved found, counted 2, freed found',
  'lines: 1 raised, 1 delivered, nvme0, then 0',
  'refused: EBUSY',
  'problems: expected a whole number from 1 to 8192, not 0; 0 steps',
  'steps: offline 0 EBUSY, offline 1 ok: true; offline 0 EBUSY, offline 1 skipped: true',
  'designs: true',
  'channels: 15',
  'true, 0 crashes',
  'true true, second, open, toGuest readIndex, true',
  '1 items, 5 sent, 0 hangs, /proc/interrupts',
  '1: expected a whole number from 1 to 8192, not 0',
  '8 steps, false, CPU 0 online: true',
  'true',
  'locked: none',
  'unlocked: finally, 10 steps, 11 states, 3 lanes',
  'drawn: sequenceDiagram, <!doctype html>, true, undefined, Step 2',
  'mixed stores refused: true',
  'early on arm64: nothing true, smp_rmb false, address false, isb false',
  "the kernel's words: 16, 16, 16",
  'sanitizer: BUG: unannounced access in up / up, not instrumented',
  'walk: counter 0, ticked false … counter 1, ticked true, 0 differences, stopped at the first violation, depth first with partial-order reduction and sleep sets; sequentially consistent memory',
  'missing: ',
  'traced: 00000001-0000-4000-8000-000000000000 probe sensor_isr -3 write 9 7 ff on on CPU 0',
  'steered: true 2 500ms false true',
  'picture: hv_utils 0 1,0 1 true drop delay duplicate reorder corrupt',
  'by states: none true true',
  'matchers: true true true false, expected EBUSY, but got EIO: of another kind; export refused',
];
