import type { CpuId, Relid } from '../lib/brand.js';
import type { GuestPort } from '../vmbus/host-port.js';
import { payloadWord } from './protocols/words.js';
import { byHost, guestSignal, hostMessage, hostModified, hostSignal, signalFate } from './trace-events.js';

type Fate = keyof typeof signalFate;

/** The host has signalled a channel; an interrupt that comes of it is yet to come. */
export function traceHostSignal({ traced }: GuestPort, relid: Relid, vp: CpuId, fate: Fate): void {
  traced?.tracePort?.emit(hostSignal, { relid, vp, fate: signalFate[fate] }, byHost(vp));
}

/** The guest has signalled a channel. */
export function traceGuestSignal({ traced }: GuestPort, relid: Relid, vp: CpuId, needless: boolean): void {
  traced?.tracePort?.emit(guestSignal, { relid, needless }, byHost(vp));
}

/** A message is in the guest's slot; its type is what it begins with. */
export function traceHostMessage({ traced }: GuestPort, payload: Uint8Array, vp: CpuId): void {
  if (traced?.tracePort === undefined) return;
  const msgtype = payloadWord(payload, 0);
  traced.tracePort.emit(hostMessage, { msgtype, vp }, byHost(vp));
}

/** The host has done what a MODIFYCHANNEL told it. */
export function traceHostModified({ traced }: GuestPort, relid: Relid, vp: CpuId): void {
  traced?.tracePort?.emit(hostModified, { relid, vp }, byHost(vp));
}
