import type { Procedure } from '../../machine/step.js';
import { RING_WORD } from '../ring/buffer.js';
import type { RingReader } from '../ring/reader.js';

/**
 * In which order the consuming side of a ring does its accesses when it frees room and when it stops reading: a plug-in
 * point of the design. RingReader.pktIterClose shows the race; the …Steps yield before each access.
 */
export interface RingOrder {
  /** @returns true if the writer must be told of the room. */
  pktIterClose(reader: RingReader): boolean;
  pktIterCloseSteps(reader: RingReader): Procedure<boolean>;
  /** @returns bytes that came in while signals were off. */
  endRead(reader: RingReader): number;
  endReadSteps(reader: RingReader): Procedure<number>;
}

/** read_index, barrier, pending_send_sz, write_index; a second look after the mask is off (drivers/hv/ring_buffer.c). */
export class ReadPendingWrite implements RingOrder {
  pktIterClose(reader: RingReader): boolean {
    reader.commitReadIndex();
    if (!reader.writerWaitsForSignals()) return false;
    reader.loadPendingSendSz();
    if (!reader.writerBlocked) return false;
    reader.loadWriteIndex();
    return reader.decideSignal();
  }

  *pktIterCloseSteps(reader: RingReader): Procedure<boolean> {
    const { header } = reader;
    yield header.writeStep(RING_WORD.READ_INDEX);
    reader.commitReadIndex();
    if (!reader.writerWaitsForSignals()) return false;
    yield* this.barrier(reader);
    yield header.readStep(RING_WORD.PENDING_SEND_SZ);
    reader.loadPendingSendSz();
    if (!reader.writerBlocked) return false;
    yield header.readStep(RING_WORD.WRITE_INDEX);
    reader.loadWriteIndex();
    return reader.decideSignal();
  }

  endRead(reader: RingReader): number {
    reader.commitInterruptMask(0);
    reader.loadWriteIndex();
    return reader.unread;
  }

  *endReadSteps(reader: RingReader): Procedure<number> {
    const { header } = reader;
    yield header.writeStep(RING_WORD.INTERRUPT_MASK);
    reader.commitInterruptMask(0);
    yield* this.barrier(reader);
    yield header.readStep(RING_WORD.WRITE_INDEX);
    reader.loadWriteIndex();
    return reader.unread;
  }

  protected *barrier({ header }: RingReader): Procedure<void> {
    if (header.barrierStep !== undefined) yield header.barrierStep;
  }
}

/** The same without barriers: the reads may be done before the stores are visible. */
export class NoBarrier extends ReadPendingWrite {
  protected override *barrier(): Procedure<void> {}
}

/** pending_send_sz is read before the room is given: a writer that blocks in between is not told. */
export class PendingFirst extends ReadPendingWrite {
  override pktIterClose(reader: RingReader): boolean {
    reader.loadPendingSendSz();
    reader.commitReadIndex();
    if (!reader.writerWaitsForSignals() || !reader.writerBlocked) return false;
    reader.loadWriteIndex();
    return reader.decideSignal();
  }

  override *pktIterCloseSteps(reader: RingReader): Procedure<boolean> {
    const { header } = reader;
    yield header.readStep(RING_WORD.PENDING_SEND_SZ);
    reader.loadPendingSendSz();
    yield header.writeStep(RING_WORD.READ_INDEX);
    reader.commitReadIndex();
    if (!reader.writerWaitsForSignals() || !reader.writerBlocked) return false;
    yield* this.barrier(reader);
    yield header.readStep(RING_WORD.WRITE_INDEX);
    reader.loadWriteIndex();
    return reader.decideSignal();
  }
}

/** write_index is read before pending_send_sz: it may be older than the request for room that it is judged by. */
export class WriteFirst extends ReadPendingWrite {
  override pktIterClose(reader: RingReader): boolean {
    reader.commitReadIndex();
    if (!reader.writerWaitsForSignals()) return false;
    reader.loadWriteIndex();
    reader.loadPendingSendSz();
    return reader.writerBlocked && reader.decideSignal();
  }

  override *pktIterCloseSteps(reader: RingReader): Procedure<boolean> {
    const { header } = reader;
    yield header.writeStep(RING_WORD.READ_INDEX);
    reader.commitReadIndex();
    if (!reader.writerWaitsForSignals()) return false;
    yield* this.barrier(reader);
    yield header.readStep(RING_WORD.WRITE_INDEX);
    reader.loadWriteIndex();
    yield header.readStep(RING_WORD.PENDING_SEND_SZ);
    reader.loadPendingSendSz();
    return reader.writerBlocked && reader.decideSignal();
  }
}

/** A signal each time, whether anybody waits or not: nothing is lost, and the host throttles such guests. */
export class SignalAlways extends ReadPendingWrite {
  override pktIterClose(reader: RingReader): boolean {
    reader.commitReadIndex();
    return reader.signalAnyway();
  }

  override *pktIterCloseSteps(reader: RingReader): Procedure<boolean> {
    yield reader.header.writeStep(RING_WORD.READ_INDEX);
    reader.commitReadIndex();
    return reader.signalAnyway();
  }
}

/** Room for exactly what the writer waits for counts as enough, though it cannot be used. */
export class ExactlyFullIsEnough extends ReadPendingWrite {
  override pktIterClose(reader: RingReader): boolean {
    reader.commitReadIndex();
    if (!reader.writerWaitsForSignals()) return false;
    reader.loadPendingSendSz();
    if (!reader.writerBlocked) return false;
    reader.loadWriteIndex();
    return reader.decideSignal(0);
  }

  override *pktIterCloseSteps(reader: RingReader): Procedure<boolean> {
    const { header } = reader;
    yield header.writeStep(RING_WORD.READ_INDEX);
    reader.commitReadIndex();
    if (!reader.writerWaitsForSignals()) return false;
    yield* this.barrier(reader);
    yield header.readStep(RING_WORD.PENDING_SEND_SZ);
    reader.loadPendingSendSz();
    if (!reader.writerBlocked) return false;
    yield header.readStep(RING_WORD.WRITE_INDEX);
    reader.loadWriteIndex();
    return reader.decideSignal(0);
  }
}

/** The mask is taken off without a second look: a packet that came before that stays unread. */
export class NoSecondLook extends ReadPendingWrite {
  override endRead(reader: RingReader): number {
    reader.commitInterruptMask(0);
    return 0;
  }

  override *endReadSteps(reader: RingReader): Procedure<number> {
    yield reader.header.writeStep(RING_WORD.INTERRUPT_MASK);
    reader.commitInterruptMask(0);
    return 0;
  }
}
