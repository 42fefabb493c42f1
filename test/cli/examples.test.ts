import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { guestsWith } from '../../src/command/scenario-file.js';
import { bootGuest } from '../../src/command/boot-guest.js';
import type { Guest } from '../../src/guest/guest.js';
import { parseScenario } from '../../src/scenario/load.js';
import { type RunResult, runScenarioOn } from '../../src/scenario/runner.js';
import { expectOneCountOfChannels, expectOneCountOfIrqs, expectOneCountOfSoftirqs } from './numbers.js';
import { someOf } from '../support/long.js';

const folder = new URL('../../examples/', import.meta.url);
const files = readdirSync(folder).filter((name) => name.endsWith('.yaml'));

async function ran(name: string): Promise<{ readonly guest: Guest; readonly result: RunResult }> {
  const scenario = parseScenario(readFileSync(new URL(name, folder), 'utf8'), name);
  const guest = await bootGuest(scenario, guestsWith());
  return { guest, result: runScenarioOn(guest, scenario) };
}

async function run(name: string): Promise<RunResult> {
  return (await ran(name)).result;
}

describe('the examples hold:', () => {
  // `npm run examples` has them all.
  test.each(someOf(files, 3))('%s, and what several files say of one number is one number', async (name) => {
    const { guest, result } = await ran(name);
    expect(result.steps.filter(({ outcome }) => outcome !== 'ok')).toEqual([]);
    expect(result.printFailures).toEqual([]);
    expect(result.ok).toBe(true);
    expectOneCountOfIrqs(guest);
    expectOneCountOfSoftirqs(guest);
    expectOneCountOfChannels(guest);
  });

  test('the same bytes each time', async () => {
    const text = async (name: string) => (await run(name)).printouts.map((printout) => printout.text);
    expect(await text('arm64-4vcpu.yaml')).toEqual(await text('arm64-4vcpu.yaml'));
  });
});

/** The table of the RFC's cover letter: CPUs 0, 1, 6 and 7. The list's archive garbled the names of rows 28 to 44. */
const rfcTable = `
  8:          0          0           0          0   IO-APIC   8-edge      rtc0
  9:          2          0           0          0   IO-APIC   9-fasteoi   acpi
 24:      16841          0           0          0     VMBus   7  heartbeat
 25:          1          0           0          0     VMBus   9  shutdown
 26:       6752          0           0          0     VMBus  10  timesync
 27:          1          0           0          0     VMBus  11  vss
 28:      22095          0           0          0     VMBus  14  pri@storvsc1
 29:          0         85           0          0     VMBus  15  pri@storvsc0
 30:          3          0           0          0     VMBus   1  balloon
 31:        106          0           0          0     VMBus   3  mouse
 32:         73          0           0          0     VMBus   4  keyboard
 33:          6          0           0          0     VMBus   5  framebuffer
 34:          0          0           0          0     VMBus  13  netvsc
 35:          1          0           0          0     VMBus   8  kvp
 36:          0          0           0          0     VMBus  16  netvsc
 37:          0          0           0          0     VMBus  17  netvsc
 38:          0          0           0          0     VMBus  18  netvsc
 39:          0          0        2375          0     VMBus  19  netvsc
 40:          0          0           0       1178     VMBus  20  netvsc
 41:       1003          0           0          0     VMBus  21  netvsc
 42:          0       4337           0          0     VMBus  22  netvsc
 43:          0          0           0          0     VMBus  23  sub@storvsc1
 44:          0          0           0          0     VMBus  24  sub@storvsc0
NMI:          0          0           0          0   Non-maskable interrupts
LOC:          0          0           0          0   Local timer interrupts
SPU:          0          0           0          0   Spurious interrupts
PMI:          0          0           0          0   Performance monitoring interrupts
IWI:          1          0           0          2   IRQ work interrupts
RTR:          0          0           0          0   APIC ICR read retries
RES:        411        233         349        318   Rescheduling interrupts
CAL:     135236      29211       99526      36424   Function call interrupts
TLB:          0          0           0          0   TLB shootdowns
TRM:          0          0           0          0   Thermal event interrupts
THR:          0          0           0          0   Threshold APIC interrupts
DFR:          0          0           0          0   Deferred Error APIC interrupts
MCE:          0          0           0          0   Machine check exceptions
MCP:        109        109         109        109   Machine check polls
HYP:         71          0           0          0   Hypervisor callback interrupts
HRE:          0          0           0          0   Hyper-V reenlightenment interrupts
HVS:     183391     109695      181539     339239   Hyper-V stimer0 interrupts
ERR:          0
MIS:          0
PIN:          0          0           0          0   Posted-interrupt notification event
NPI:          0          0           0          0   Nested posted-interrupt event
PIW:          0          0           0          0   Posted-interrupt wakeup event
`;

/** A line of eight CPUs without the columns of CPUs 2 to 5, which the letter omits. */
function withoutMiddle(line: string): string {
  const columns = /^(.{4})((?: {1,10}\d+){8})( .*)$/.exec(line);
  if (columns === null) return line;
  const counts = columns[2].trim().split(/ +/);
  const shown = [0, 1, 6, 7].map((cpu) => counts[cpu].padStart(cpu === 6 ? 12 : 11));
  return columns[1] + shown.join('') + columns[3];
}

test("the guest of the RFC's cover letter shows the letter's table", async () => {
  const [{ text }] = (await run('rfc-gen2-8vcpu.yaml')).printouts;
  const [, ...rows] = text.split('\n');
  expect(`\n${rows.map(withoutMiddle).join('\n')}`).toBe(rfcTable);
});
