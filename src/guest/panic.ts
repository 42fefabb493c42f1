import { HV_HYP_PAGE_SIZE } from '../vmbus/guest-memory.js';
import { kmsgTail } from '../view/kmsg.js';
import type { PanicOptions } from '../scenario/port.js';
import type { Procedure } from '../machine/step.js';
import type { HyperV } from '../host/hyperv.js';
import type { Machine } from '../machine/machine.js';
import type { Turns } from '../machine/turns.js';
import type { Vmbus } from '../vmbus/vmbus.js';

/** What takes part in a panic. */
export interface PanickedKernel {
  readonly machine: Machine;
  readonly vmbus: Vmbus;
  readonly host: Pick<HyperV, 'reportCrash'>;
}

/** What a panic says where it comes from `echo c > /proc/sysrq-trigger`. */
const SYSRQ_REASON = 'sysrq triggered crash';

/**
 * The kernel panics (kernel/panic.c panic): the other CPUs are stopped, interrupts are off, VMBus leaves the host, and the
 * host is told. On Hyper-V a crash kernel is started after all of that (crash_kexec_post_notifiers), so it finds a host
 * that has forgotten the first one.
 *
 * @param isFollowed a crash kernel is started then.
 * @throws RangeError for a CPU that is not online, and in a kernel that has stopped already.
 */
export function* panic(
  { machine, vmbus, host }: PanickedKernel,
  { cpu = 0, reason }: PanicOptions,
  isFollowed: boolean,
): Turns<void> {
  if (machine.halted) throw new RangeError("the guest's kernel has stopped; it cannot panic once more");
  if (!machine.online.has(machine.cpu(cpu).id))
    throw new RangeError(`CPU ${cpu} is offline; no kernel panics there`);
  const { log } = machine;
  if (reason === undefined) log.printk('sysrq: Trigger a crash');
  const text = reason ?? SYSRQ_REASON;
  log.prEmerg(`Kernel panic - not syncing: ${text}`);
  machine.halt();
  machine.thisCpu = cpu;
  yield* machine.runHalted(vmbus.panic());
  reportCrash({ machine, vmbus, host });
  if (isFollowed) vmbus.crashShutdown(cpu);
  else log.printk(endOf(text));
  vmbus.connection.cutOff();
}

/** A kernel that has stopped by itself leaves the host in the same way; no crash kernel is loaded (Machine.onPanic). */
export function* afterDeath(kernel: PanickedKernel, reason: string): Procedure<void> {
  const { machine, vmbus } = kernel;
  yield* vmbus.panic();
  reportCrash(kernel);
  machine.log.printk(endOf(reason));
  vmbus.connection.cutOff();
}

function endOf(reason: string): string {
  return `---[ end Kernel panic - not syncing: ${reason} ]---`;
}

function reportCrash({ machine: { log }, vmbus, host }: PanickedKernel): void {
  // The end of the log, unless the guest does not trust its host or the user has forbidden it: then no more than that it
  // has panicked (hv_kmsg_dump, hyperv_report_panic).
  const withLog = !vmbus.connection.isolation && vmbus.recordPanicMsg !== 0;
  host.reportCrash({ message: withLog ? kmsgTail(log.lines, HV_HYP_PAGE_SIZE) : undefined });
}
