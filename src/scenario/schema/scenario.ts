import { z } from 'zod';
import { kernelVersions } from '../options/kernel.js';
import { remappingKinds } from '../options/guest.js';
import type { GuestVocabulary, ScenarioVocabulary } from '../vocabulary.js';
import { workload } from '../workloads/index.js';
import { channel } from './channel.js';
import { cpus } from './cpus.js';
import { designSchema } from './design.js';
import { deviceInList } from './device.js';
import { host } from './host.js';
import { interrupt } from './interrupt.js';
import { kvm } from './kvm.js';
import { bool, duration, printTarget, u32 } from './notations.js';
import { pciDevice } from './pci.js';
import { architectureRows, procInterrupts } from './proc-interrupts.js';
import { moduleParameters } from './module-parameters.js';
import { int, list, version, word } from './shapes.js';
import type { stepSchema } from './step.js';

/** Keys of a scenario file that say what the guest is. */
export function guestShape(vocabulary: GuestVocabulary) {
  const design = designSchema(vocabulary);
  return {
    kernel: version(kernelVersions).optional().describe('Linux version whose behaviour is modelled'),
    cmdline: z
      .string({ error: 'a kernel command line' })
      .optional()
      .describe('Kernel command line, such as "isolcpus=managed_irq,2-3 threadirqs"'),
    arch: word(vocabulary.platforms.map(({ name }) => name))
      .optional()
      .describe('Architecture of the guest; default x86_64'),
    cpus: cpus.describe('CPUs of the guest: their number, or more about them'),
    generation: z
      .literal([1, 2], { error: '1 or 2' })
      .optional()
      .describe(
        'x86: 1 for a VM with the PIC and timer of a PC, 2 for one without; default: by the interrupts',
      ),
    interruptRemapping: word(remappingKinds)
      .optional()
      .describe("x86: whose remapping interrupts go through; default: by the chips' names"),
    its: bool
      .optional()
      .describe('arm64: there is an ITS with a PCI bus behind it; default: only without Hyper-V'),
    maxIrqs: int(17, 0x7fffffff)
      .optional()
      .describe('Interrupt numbers are below this, as the kernel was built; default: its MAX_SPARSE_IRQS'),
    nrIrqs: int(17, 0x7fffffff).optional().describe('Number of IRQs; default: what Linux computes'),
    seed: u32.optional().describe('Of all that is random; default 1'),
    interruptTime: duration
      .optional()
      .describe('How long an interrupt keeps its CPU from the next one; default 0s'),
    host: host.optional().describe('Hyper-V'),
    isolation: bool.optional().describe('A confidential VM, which does not trust its host; default false'),
    moduleParameters: moduleParameters
      .optional()
      .describe('Parameters of the modules of VMBus and its drivers; default: those of Linux'),
    confidentialVmbus: bool
      .optional()
      .describe('The paravisor below a confidential VM offers confidential VMBus; default false'),
    design: design.optional().describe('Designs other than those that the RFC proposes'),
    devices: list('a list of devices', deviceInList)
      .optional()
      .describe("Devices in the order of the host's offers"),
    interrupts: list('a list of interrupts', interrupt).optional().describe('Interrupts outside VMBus'),
    pci: list('a list of PCI devices', pciDevice)
      .optional()
      .describe('PCI functions with their drivers, each with the interrupts of its queues'),
    kvm: kvm.optional().describe('Level-triggered devices of user space, where KVM is under the guest'),
    channels: list('a list of channels', channel)
      .optional()
      .describe('State of channels once the guest has booted'),
    architectureRows: architectureRows
      .optional()
      .describe('Counts of the rows that have a name instead of a number, or a list of all such rows'),
    procInterrupts: procInterrupts.optional().describe('How /proc/interrupts is shown'),
    vmbus: bool.optional().describe('false: a machine without Hyper-V; default true'),
  };
}

/** Keys of a scenario file. */
export function scenarioShape(vocabulary: ScenarioVocabulary, step: ReturnType<typeof stepSchema>) {
  return {
    description: z.string({ error: 'a text' }).optional().describe('What the scenario shows'),
    ...guestShape(vocabulary),
    workload: workload.optional().describe('Who signals how often'),
    timeline: list('a list of steps', step)
      .optional()
      .describe('What is done when, and what must come of it'),
    run: duration
      .optional()
      .describe('How long the guest runs; default: until workload and timeline are over'),
    expect: z
      .literal('hang', { error: 'hang' })
      .optional()
      .describe('What must be at the end: contexts of the guest that wait for ever; default: none'),
    print: list('a list such as [interrupts]', printTarget).optional().describe('What to print at the end'),
  };
}

/** The schemas of the keys of a scenario file. */
export type ScenarioShape = ReturnType<typeof scenarioShape>;

/** What a scenario file is read as. */
export type ScenarioKeys = z.output<z.ZodObject<ScenarioShape>>;
