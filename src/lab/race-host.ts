import type { CpuId } from '../lib/brand.js';
import { Completion } from '../machine/completion.js';
import { type HostPort, HV_STATUS_INVALID_PARAMETER, HV_STATUS_SUCCESS } from '../vmbus/host-port.js';
import { type ChannelMessage, decodeMessage } from '../vmbus/protocol/channel-messages.js';
import type { HvPerCpuContext } from '../vmbus/synic.js';

/** The guest's messages as the host sees them: it does not take part in how the guest's CPU orders its own stores. */
export class PostedMessages extends Completion {
  override complete(): void {
    this.signal();
  }
}

/** The host port of a race: it only notes what the guest asks. The host itself is a context of the race's own. */
export class RaceHost implements HostPort {
  /** CPUs whose synics the host may use. */
  readonly synics: boolean[] = [];
  /** Completed by each message of the guest. */
  readonly posted = new PostedMessages('message for the host');
  readonly sent: ChannelMessage[] = [];
  /** Told of each message of the guest. */
  onPost: ((message: ChannelMessage) => void) | undefined;
  /** Told of each signal of the guest. */
  onSignal: ((connectionId: number) => void) | undefined;
  /** The guest's synics, whose words change when one is switched. */
  contexts: readonly HvPerCpuContext[] = [];

  postMessage(bytes: Uint8Array): number {
    const message = decodeMessage(bytes);
    this.sent.push(message);
    this.posted.complete();
    this.onPost?.(message);
    return HV_STATUS_SUCCESS;
  }

  signalEvent(connectionId: number): void {
    this.onSignal?.(connectionId);
  }

  monitorTriggered(): void {}

  awaitAnswers(): void {}

  retargetInterrupt(): number {
    return HV_STATUS_INVALID_PARAMETER;
  }

  vpIndex(cpu: CpuId): CpuId {
    return cpu;
  }

  reportCrash(): void {}

  enableSynic(cpu: CpuId): void {
    this.switchSynic(cpu, true);
  }

  disableSynic(cpu: CpuId): void {
    this.switchSynic(cpu, false);
  }

  endOfMessage(): void {}

  private switchSynic(cpu: CpuId, on: boolean): void {
    this.contexts[cpu].flagsWord.announce();
    this.synics[cpu] = on;
  }
}
