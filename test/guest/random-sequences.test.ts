import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Guest } from '../../src/guest/guest.js';
import { ErrnoError } from '../../src/lib/errno.js';
import { accountOf, brokenInvariants } from './invariants.js';

const CPUS = 4;
const RUNS = Number(process.env['IRQLAB_RUNS'] ?? 60);
/** fast-check's number of runs ends the test, not the clock. */
const NO_LIMIT_MS = 3_600_000;
const NETVSC = 13;
/** Relids of devices, and of devices that are offered and taken back. */
const primaries = [7, NETVSC, 14, 30, 31];
const relids = [...primaries, 16, 17, 18, 21];

type Operation = (guest: Guest) => void;

const cpu = fc.nat(CPUS - 1);
const relid = fc.constantFrom(...relids);
/** One of the CPUs that the present kernel has: a crash kernel has fewer. */
const cpuOf = (guest: Guest, which: number): number => which % guest.machine.nrCpuIds;
const channelOf = (guest: Guest, of: number) => guest.vmbus.connection.relids.relid2channel(of);

/** A host signals the channels that it has. */
const signal = (guest: Guest, of: number, times: number): void => {
  if (guest.host.channel(of) !== undefined) guest.host.signal(of, times);
};

const operation: fc.Arbitrary<[string, Operation]> = fc.oneof(
  fc
    .tuple(relid, fc.integer({ min: 1, max: 5 }))
    .map(([of, times]): [string, Operation] => [
      `signal ${of} ${times}`,
      (guest) => signal(guest, of, times),
    ]),
  fc.tuple(relid, cpu).map(([of, to]): [string, Operation] => [
    `affinity of ${of} to ${to}`,
    (guest) => {
      const channel = channelOf(guest, of);
      if (channel !== undefined) guest.irq(channel.irq).setAffinity([cpuOf(guest, to)]);
    },
  ]),
  fc.tuple(relid, cpu).map(([of, to]): [string, Operation] => [
    `cpu file of ${of} to ${to}`,
    (guest) => {
      if (channelOf(guest, of) !== undefined) guest.channel(of).setCpu(cpuOf(guest, to));
    },
  ]),
  cpu.map((which): [string, Operation] => [
    `offline ${which}`,
    (guest) => guest.cpu(cpuOf(guest, which)).offline(),
  ]),
  cpu.map((which): [string, Operation] => [
    `online ${which}`,
    (guest) => guest.cpu(cpuOf(guest, which)).online(),
  ]),
  // A CPU that boot has found has its synic pages however often it comes and goes; a kernel that kexec starts has some for
  // those that it finds.
  cpu.map((which): [string, Operation] => [
    `unplug ${which}`,
    (guest) => {
      const unplugged = guest.cpu(cpuOf(guest, which));
      if (unplugged.isPresent) unplugged.unplug();
    },
  ]),
  cpu.map((which): [string, Operation] => [
    `plug ${which}`,
    (guest) => {
      const { number, isPresent } = guest.cpu(cpuOf(guest, which));
      if (!isPresent && guest.vmbus.contexts[number].hasPages) guest.cpu(number).plug();
    },
  ]),
  relid.map((of): [string, Operation] => [
    `rescind ${of}`,
    (guest) => {
      const kind = guest.host.channel(of)?.state.kind;
      if (kind !== undefined && kind !== 'rescinded') guest.host.rescind(of);
    },
  ]),
  fc
    .constantFrom('storvsc' as const, 'netvsc' as const, 'kvp' as const)
    .map((driver): [string, Operation] => [
      `offer ${driver}`,
      (guest) => {
        const free = primaries.find((candidate) => guest.host.channel(candidate) === undefined);
        if (free !== undefined) guest.host.offer({ driver, relid: free });
      },
    ]),
  fc.integer({ min: 1, max: 5 }).map((count): [string, Operation] => [
    `channels ${count}`,
    (guest) => {
      if (channelOf(guest, NETVSC) !== undefined) guest.channel(NETVSC).setChannels(count);
    },
  ]),
  cpu.map((which): [string, Operation] => [
    `interrupts of ${which} off for a signal to each channel, twice`,
    (guest) => {
      const busy = guest.cpu(cpuOf(guest, which));
      busy.disableInterrupts();
      for (const of of relids) signal(guest, of, 2);
      busy.enableInterrupts();
    },
  ]),
  cpu.map((which): [string, Operation] => [
    `crash on ${which}`,
    (guest) => {
      const crashing = cpuOf(guest, which);
      if (guest.machine.online.has(crashing)) guest.crash({ cpu: crashing });
    },
  ]),
  fc
    .constantFrom('hv_netvsc', 'hv_storvsc', 'hv_utils')
    .map((module): [string, Operation] => [`rmmod ${module}`, (guest) => guest.rmmod(module)]),
  fc
    .constantFrom('hv_netvsc', 'hv_storvsc', 'hv_utils')
    .map((module): [string, Operation] => [`modprobe ${module}`, (guest) => guest.modprobe(module)]),
  fc.constant<[string, Operation]>([
    'all modules unloaded and loaded',
    (guest) => {
      const { modules } = guest.vmbus;
      const loaded = modules.names.filter((name) => modules.isLoaded(name));
      guest.rmmod(...loaded.toReversed());
      guest.modprobe(...loaded);
    },
  ]),
  fc.constant<[string, Operation]>(['kexec', (guest) => guest.kexec()]),
  fc.constantFrom('delay' as const, 'duplicate' as const).map((deed): [string, Operation] => [
    `signals of the guest: ${deed}`,
    (guest) => {
      guest.host.behave();
      guest.host.misbehave({ what: 'guestSignal', chance: 0.5, deed, byNs: 200_000 });
    },
  ]),
  relid.map((of): [string, Operation] => [
    `ring of ${of} is left alone for a while`,
    (guest) => {
      if (guest.host.channel(of) === undefined) return;
      guest.host.drain(of, false);
      guest.run({ ms: 1 });
      guest.host.drain(of, true);
    },
  ]),
  fc
    .integer({ min: 1, max: 2000 })
    .map((us): [string, Operation] => [`run ${us} us`, (guest) => guest.run({ us })]),
);

const sequence = fc
  .array(operation, { minLength: 1, maxLength: 14 })
  .map((operations) => ({ operations, toString: () => operations.map(([name]) => name).join('; ') }));

function freshGuest(): Guest {
  return Guest.create({
    cpus: CPUS,
    devices: [
      { driver: 'heartbeat', relid: 7 },
      { driver: 'netvsc', relid: NETVSC, channels: 3, subChannels: [16, 17, 18] },
      { driver: 'storvsc', relid: 14, subChannels: [21] },
    ],
  });
}

describe('random sequences of offer, signal, affinity, offline, online, plug, unplug, rescind, channel count, modules, crash and kexec', () => {
  test(
    'leave no channel on an offline CPU, no IRQ without channel, no lost event',
    async () => {
      await fc.assert(
        fc.asyncProperty(sequence, async ({ operations }) => {
          // inversify holds containers by WeakRef, whose targets live until the turn ends: one turn for each guest.
          await nextTurn();
          const guest = freshGuest();
          for (const [, apply] of operations) {
            try {
              apply(guest);
            } catch (error) {
              if (!(error instanceof ErrnoError)) throw error;
            }
            expect(brokenInvariants(guest)).toEqual([]);
          }
          guest.run({ ms: 1 });
          for (const { relid: of, state } of guest.host.hyperv.allChannels()) {
            if (state.kind !== 'open') continue;
            const { signalled, counted, coalesced } = accountOf(guest, of);
            expect({ of, signalled }).toEqual({ of, signalled: counted + coalesced });
          }
        }),
        { numRuns: RUNS },
      );
    },
    NO_LIMIT_MS,
  );
});
