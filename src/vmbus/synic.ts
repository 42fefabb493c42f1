import type { CpuId } from '../lib/brand.js';
import { wordsFor } from '../lib/bitmap.js';
import { zeroedWords } from '../lib/zeroed-words.js';
import type { Cpu } from '../machine/cpu.js';
import { type Procedure, SharedWord } from '../machine/step.js';
import { Tasklet } from '../machine/tasklet.js';

/** Event flags of one SINT, and so the number of relids (HV_EVENT_FLAGS_COUNT). */
export const HV_EVENT_FLAGS_COUNT = 2048;
/** Payload bytes of a message slot (HV_MESSAGE_PAYLOAD_BYTE_COUNT). */
export const HV_MESSAGE_PAYLOAD_BYTE_COUNT = 240;
/** Bytes of a message slot, and of the event flags of a SINT (HV_MESSAGE_SIZE, HV_EVENT_FLAGS_BYTE_COUNT). */
export const HV_MESSAGE_BYTES = 256;
/** Types of a message slot: free, a message of the VMBus connection, and one of a synthetic timer that has expired. */
export const HVMSG_NONE = 0;
export const HVMSG_VMBUS = 1;
export const HVMSG_TIMER_EXPIRED = 0x8000_0010;
/** Bytes of a timer's message (struct hv_timer_message_payload). */
export const HV_TIMER_MESSAGE_BYTES = 24;

/** One slot of a synic message page (struct hv_message), the one of SINT 2. */
export class MessageSlot {
  /** HVMSG_NONE while free. Written by the host, and by the guest to free the slot. */
  type = HVMSG_NONE;
  /** True if the host holds more messages: freeing the slot must then be followed by an end-of-message. */
  pending = false;
  payloadSize = 0;
  // Made on first use: an explorer builds machines by the thousand, and most of their CPUs get no message.
  private bytes: Uint8Array | undefined;

  get payload(): Uint8Array {
    this.bytes ??= new Uint8Array(HV_MESSAGE_PAYLOAD_BYTE_COUNT);
    return this.bytes;
  }
}

/** What guest and host share of a CPU's synic: one bit for each relid, and a message slot, both for SINT 2. */
export interface SynicPages {
  readonly eventFlags: Uint32Array;
  readonly message: MessageSlot;
}

/** A CPU's synic as the guest sees it (struct hv_per_cpu_context). */
export class HvPerCpuContext implements SynicPages {
  readonly eventFlags = zeroedWords(wordsFor(HV_EVENT_FLAGS_COUNT));
  readonly message = new MessageSlot();
  /** What contexts that run step by step do with the flags and the slot. */
  readonly flagsWord: SharedWord;
  readonly messageWord: SharedWord;
  /** False for a CPU that was not there when the pages were allocated: the guest sees nothing of its synic then. */
  hasPages = true;
  /** Where the host writes if the guest has no pages. */
  private unseen: SynicPages | undefined;
  /** Handles the message slot after the interrupt that announced it. */
  readonly msgDpc: Tasklet;
  /** Interrupts handled here. */
  interrupts = 0;
  /** Events for relid 0 that came here. */
  relid0Events = 0;
  /** Messages of this CPU's timer stimer0. */
  timerMessages = 0;

  constructor(
    readonly cpu: Cpu,
    onMessage: (cpu: CpuId) => void,
    onMessageSteps?: (cpu: CpuId) => Procedure<void>,
  ) {
    this.flagsWord = new SharedWord(`event flags of CPU ${cpu.id}`);
    this.messageWord = new SharedWord(`message slot of CPU ${cpu.id}`);
    this.msgDpc = new Tasklet(
      `vmbus_on_msg_dpc/${cpu.id}`,
      () => onMessage(cpu.id),
      onMessageSteps && (() => onMessageSteps(cpu.id)),
    );
  }

  /** Has pages from now on, empty ones, or has none. */
  allocate(hasPages: boolean): void {
    this.hasPages = hasPages;
    this.unseen = undefined;
    this.eventFlags.fill(0);
    this.message.type = HVMSG_NONE;
    this.message.pending = false;
  }

  /** What the host gets as the pages of this CPU. */
  get pages(): SynicPages {
    if (this.hasPages) return this;
    this.unseen ??= {
      eventFlags: zeroedWords(wordsFor(HV_EVENT_FLAGS_COUNT)),
      message: new MessageSlot(),
    };
    return this.unseen;
  }

  /** Frees the message slot, and has the host fill it again if it holds more messages (vmbus_signal_eom). */
  freeMessage(host: { endOfMessage(cpu: CpuId): void }): void {
    const { message, cpu } = this;
    message.type = HVMSG_NONE;
    if (message.pending) host.endOfMessage(cpu.id);
  }
}
