import { Completion } from '../machine/completion.js';
import type { KernelLog } from '../machine/log.js';
import { inFrame, type Procedure } from '../machine/step.js';
import { VMBUS_MESSAGE_SINT } from './connection/connect.js';
import { HV_MESSAGE_BYTES } from './synic.js';

// What comes of a CPU that VMBus has no synic pages for: it was not there when they were allocated (hv_synic_alloc goes by
// the CPUs that are present). hv_synic_init gives the hypervisor the physical address of a null pointer all the same. The
// TLFS says of an address beyond the guest's memory that the page is not accessible to the guest, no more: the synic is
// on, events and interrupts come, and the guest does not see the events.

/** What the log says of an access to the entry of VMBus' SINT in a page that is not there (arch/x86/mm/fault.c). */
export function logNullPage(log: KernelLog): void {
  const address = (VMBUS_MESSAGE_SINT * HV_MESSAGE_BYTES).toString(16).padStart(16, '0');
  log.prAlert(`BUG: kernel NULL pointer dereference, address: ${address}`);
  log.printk('#PF: supervisor read access in kernel mode');
  log.printk('#PF: error_code(0x0000) - not-present page');
}

/** The CPU's own thread dies of such an access, and who has it take the CPU down waits for it for ever. */
export function* threadDies(log: KernelLog, cpu: number): Procedure<void> {
  logNullPage(log);
  const doneDown = new Completion(`the end of cpuhp/${cpu}, which has died`);
  yield* inFrame('cpuhp_kick_ap_work', doneDown.wait());
}
