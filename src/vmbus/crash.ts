import type { Ns } from '../lib/brand.js';
import { sleep } from '../machine/completion.js';
import { inFrame, type Procedure } from '../machine/step.js';
import type { VmbusConnection } from './connection/connection.js';
import { CHANNELMSG } from './protocol/channel-messages.js';
import { HVMSG_NONE, type HvPerCpuContext } from './synic.js';

/** How long one look at the message pages is from the next (UNLOAD_DELAY_UNIT_MS). */
const UNLOAD_DELAY_NS: Ns = 10_000_000;
/** Looks in 100 s, and in the 5 s after which the log says that the kernel waits (UNLOAD_WAIT_LOOPS, UNLOAD_MSG_LOOPS). */
const UNLOAD_WAIT_LOOPS = 10_000;
const UNLOAD_MSG_LOOPS = 500;

/**
 * Has the host forget a guest whose kernel has panicked (vmbus_initiate_unload with crash). No CPU takes interrupts any
 * more, so the answer is looked for in the message pages.
 *
 * @param contexts of all CPUs, by their number.
 */
export function* crashUnload(
  connection: VmbusConnection,
  contexts: readonly HvPerCpuContext[],
): Procedure<void> {
  if (!connection.unloading()) return;
  yield* connection.postMsg({ type: CHANNELMSG.UNLOAD });
  yield* inFrame('vmbus_wait_for_unload', vmbusWaitForUnload(connection, contexts));
}

/**
 * Looks every 10 ms at the message page of each CPU that is present, and takes one message off each, until one is the
 * answer to UNLOAD: for 100 s at most, since a host first writes its disks' caches. Messages that are left then are
 * thrown away, so that the next kernel finds the pages free (vmbus_wait_for_unload). The pages are those of the hypervisor's
 * synic: of confidential VMBus, whose messages come to the paravisor's, no answer is ever found.
 */
function* vmbusWaitForUnload(
  connection: VmbusConnection,
  contexts: readonly HvPerCpuContext[],
): Procedure<void> {
  const { log, present } = connection.machine;
  const pages = connection.confidential ? [] : [...present].map((cpu) => contexts[cpu]);
  let isUnloaded = false;
  for (let i = 1; ; i++) {
    // An answer to the last look comes too late: nobody sees it any more.
    if (i > UNLOAD_WAIT_LOOPS) {
      log.prErr('hv_vmbus: Continuing even though VMBus UNLOAD did not complete');
      break;
    }
    if (isUnloaded) break;
    for (const page of pages)
      if (takeMessage(connection, page) === CHANNELMSG.UNLOAD_RESPONSE) isUnloaded = true;
    if (i % UNLOAD_MSG_LOOPS === 0) log.prNotice('hv_vmbus: Waiting for VMBus UNLOAD to complete');
    yield* sleep(UNLOAD_DELAY_NS);
  }
  for (const { message } of pages) message.type = HVMSG_NONE;
}

/** Frees a CPU's message slot, for the next message if there is one. @returns the type of the message that was there. */
function takeMessage({ host }: VmbusConnection, page: HvPerCpuContext): number | undefined {
  const { message } = page;
  if (message.type === HVMSG_NONE) return undefined;
  const { payload } = message;
  const type = new DataView(payload.buffer, payload.byteOffset).getUint32(0, true);
  page.freeMessage(host);
  return type;
}
