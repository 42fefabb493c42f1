import type { Ns } from '../../lib/brand.js';
import { ErrnoError } from '../../lib/errno.js';
import type { Procedure } from '../../machine/step.js';
import {
  maxSubChannelsOf,
  VSTOR,
  vstorOperation,
  vstorRequest,
  vstorStatus,
  vstorVersions,
} from '../../host/protocols/storage.js';
import type { VmbusDevice, VmbusDriver } from '../../vmbus/driver.js';
import type { HypervBehaviour } from '../../vmbus/kernel.js';
import type { Conversation } from '../conversation/conversation.js';
import { devPrintk } from '../dev-printk.js';
import type { StorvscDevice } from './device.js';

/** Time for each answer of the host, sub-channels included (storvsc_timeout, 180 s). */
const TIMEOUT_NS: Ns = 180_000_000_000;

/**
 * Takes a controller whose primary channel has just been opened into service (storvsc_channel_init).
 *
 * @throws ErrnoError EINVAL if the host refuses; what Conversation.request throws.
 */
export function* storvscChannelInit(
  driver: VmbusDriver,
  kernel: HypervBehaviour,
  controller: StorvscDevice,
  conversation: Conversation,
  isFibreChannel: boolean,
): Procedure<void> {
  controller.channels.add(controller.device.channel);
  yield* execute(conversation, VSTOR.BEGIN_INITIALIZATION);
  yield* negotiate(driver, controller.device, conversation);
  const properties = yield* execute(conversation, VSTOR.QUERY_PROPERTIES);
  if (isFibreChannel) yield* execute(conversation, VSTOR.FCHBA_DATA);
  yield* execute(conversation, VSTOR.END_INITIALIZATION);
  yield* createSubChannels(driver, kernel, controller, conversation, maxSubChannelsOf(properties));
}

/** Ends at once where the answer is no completion; what completes with a status is tried with an older version. */
function* negotiate(driver: VmbusDriver, device: VmbusDevice, conversation: Conversation): Procedure<void> {
  for (const version of vstorVersions) {
    const answer = yield* request(conversation, VSTOR.QUERY_PROTOCOL_VERSION, version);
    if (succeeded(answer)) return;
    if (vstorOperation(answer) !== VSTOR.COMPLETE_IO)
      throw new ErrnoError('EINVAL', 'the host completed no storage operation');
  }
  devPrintk(driver, device, 'Obsolete Hyper-V version');
  throw new ErrnoError(
    'EINVAL',
    'the host speaks none of the storage protocol versions that the driver does',
  );
}

/** One operation of the set-up: sends it and waits until the host has done it (storvsc_execute_vstor_op). */
function* execute(conversation: Conversation, operation: number): Procedure<Uint8Array> {
  const answer = yield* request(conversation, operation);
  if (!succeeded(answer)) throw new ErrnoError('EINVAL', `the host refused storage operation ${operation}`);
  return answer;
}

/** handle_multichannel_storage: a failure leaves the controller with its primary channel. */
function* createSubChannels(
  driver: VmbusDriver,
  { storvscStatusLabel }: HypervBehaviour,
  { device, channels }: StorvscDevice,
  conversation: Conversation,
  max: number,
): Procedure<void> {
  const count = Math.min(device.channel.machine.online.weight - 1, max);
  if (count <= 0) return;
  device.subChannelsAsked = count;
  channels.subChannels = count;
  const complain = (reason: string): void =>
    devPrintk(driver, device, `Failed to create sub-channel: ${reason}`);
  try {
    const answer = yield* request(conversation, VSTOR.CREATE_SUB_CHANNELS, count);
    if (!succeeded(answer)) {
      const status = vstorStatus(answer);
      // %d of a u32 until the label became `host=0x`, with %x.
      const said = storvscStatusLabel === 'sts=' ? status | 0 : status.toString(16);
      complain(`op=${vstorOperation(answer)}, ${storvscStatusLabel}${said}`);
    }
  } catch (error) {
    if (!(error instanceof ErrnoError)) throw error;
    complain(error.code === 'ETIMEDOUT' ? 'timed out' : `err=${error.errno}`);
  }
}

function* request(conversation: Conversation, operation: number, argument = 0): Procedure<Uint8Array> {
  return yield* conversation.request(vstorRequest(operation, argument), { timeoutNs: TIMEOUT_NS });
}

function succeeded(answer: Uint8Array): boolean {
  return vstorOperation(answer) === VSTOR.COMPLETE_IO && vstorStatus(answer) === 0;
}
