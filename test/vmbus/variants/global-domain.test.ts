import { describe, expect, test } from '@jest/globals';
import { irqFindMapping } from '../../../src/irq/data/revmap.js';
import { LeanGuest } from '../../../src/lab/lean-guest.js';
import { RaceHost } from '../../../src/lab/race-host.js';
import type { Relid } from '../../../src/lib/brand.js';
import type { VmbusChannel } from '../../../src/vmbus/channel/channel.js';
import { CHANNELMSG, VERSION_WIN10_V5_3 } from '../../../src/vmbus/protocol/channel-messages.js';
import type { VmbusDesign } from '../../../src/vmbus/variants/design.js';

interface Connection {
  readonly guest: LeanGuest;
  readonly host: RaceHost;
}

function connection(relidMap: VmbusDesign['relidMap'], beside?: LeanGuest): Connection {
  const host = new RaceHost();
  const guest = new LeanGuest({ design: { relidMap }, makeHost: () => host, beside });
  host.contexts = guest.vmbus.contexts;
  guest.connection.connectedWith(VERSION_WIN10_V5_3);
  for (const { id } of guest.machine.cpus) guest.connection.synicOnline.set(id);
  return { guest, host };
}

function pair(relidMap: VmbusDesign['relidMap']): [Connection, Connection] {
  const first = connection(relidMap);
  return [first, connection(relidMap, first.guest)];
}

function map({ guest }: Connection, relid: Relid): VmbusChannel {
  const channel = guest.newChannel(relid, 0);
  guest.machine.run('vmbus_channel_map_relid', guest.connection.mapRelid(channel));
  return channel;
}

function open({ guest }: Connection, channel: VmbusChannel): void {
  guest.machine.run(
    'vmbus_open',
    guest.open(channel, () => {}),
  );
}

function unmap({ guest }: Connection, channel: VmbusChannel): void {
  guest.machine.run('vmbus_channel_unmap_relid', guest.connection.relids.unmap(channel));
}

/** Channels of both connections with relid 5. */
function bothFive(relidMap: VmbusDesign['relidMap']) {
  const [first, second] = pair(relidMap);
  const channels = [map(first, 5), map(second, 5)] as const;
  return { first, second, channels };
}

describe('a domain for each connection', () => {
  test('gives equal relids lines of their own', () => {
    const { first, second, channels } = bothFive('irqdomain');
    open(first, channels[0]);
    open(second, channels[1]);
    expect(channels[0].irq).not.toBe(channels[1].irq);
    expect(first.guest.connection.relids.relid2channel(5)).toBe(channels[0]);
    expect(second.guest.connection.relids.relid2channel(5)).toBe(channels[1]);
  });

  test('leaves the other line alone when a channel goes', () => {
    const { first, second, channels } = bothFive('irqdomain');
    unmap(second, channels[1]);
    expect(first.guest.connection.relids.relid2channel(5)).toBe(channels[0]);
  });
});

describe('one domain for all connections', () => {
  test('gives different relids lines of their own, and each is moved by its own connection', () => {
    const [first, second] = pair('irqdomain-global');
    const channels = [map(first, 5), map(second, 6)] as const;
    open(first, channels[0]);
    open(second, channels[1]);
    expect(channels[0].irq).not.toBe(channels[1].irq);
    const { connection } = second.guest;
    expect(connection.relids.domain).toBe(first.guest.connection.relids.domain);
    expect(connection.relids.setTargetCpu(channels[1], 1)).toBe(0);
    expect(second.host.sent.map(({ type }) => type)).toEqual([CHANNELMSG.MODIFYCHANNEL]);
    expect(first.host.sent).toEqual([]);
  });

  test('gives the channel of an equal relid the line that is there, whose handler data it becomes', () => {
    const { first, channels } = bothFive('irqdomain-global');
    expect(channels[1].irq).toBe(channels[0].irq);
    expect(first.guest.connection.relids.relid2channel(5)).toBe(channels[1]);
  });

  test('lets only one of them be opened: EBUSY, as the line is not shared', () => {
    const { first, second, channels } = bothFive('irqdomain-global');
    open(first, channels[0]);
    expect(() => open(second, channels[1])).toThrow(expect.objectContaining({ code: 'EBUSY' }));
    const { lines } = first.guest.machine.log;
    expect(lines.map(({ text }) => text)).toContain(
      `hv_vmbus: request_irq failed with -16 for relid 5 irq ${channels[1].irq}`,
    );
  });

  test('takes the line from the one when the other goes', () => {
    const { first, second, channels } = bothFive('irqdomain-global');
    open(first, channels[0]);
    unmap(second, channels[1]);
    const { domain } = first.guest.connection.relids;
    if (domain === undefined) throw new Error('no domain');
    expect(irqFindMapping(domain, 5)).toBe(0);
    expect(first.guest.connection.relids.relid2channel(5)).toBeUndefined();
  });

  test('refuses relids that its own connection has, not those of another', () => {
    const [first, second] = pair('irqdomain-global');
    const channel = map(first, 5);
    expect(first.guest.connection.relids.isMapped(5)).toBe(true);
    expect(second.guest.connection.relids.isMapped(5)).toBe(false);
    unmap(first, channel);
    expect(first.guest.connection.relids.isMapped(5)).toBe(false);
  });
});
