import { describe, expect, test } from '@jest/globals';
import { errnoValue } from '../../../src/lib/errno.js';

import { LeanGuest } from '../../../src/lab/lean-guest.js';
import { RaceHost } from '../../../src/lab/race-host.js';
import {
  CHANNELMSG,
  VERSION_WIN10_V5_3,
  VERSION_WIN8_1,
} from '../../../src/vmbus/protocol/channel-messages.js';
import {
  MutexHeldStore,
  TargetCpuStore,
  TargetFirstStore,
} from '../../../src/vmbus/variants/target-cpu-store.js';

const RELID = 5;

/** A guest with an open channel on CPU 1, whose host answers MODIFYCHANNEL at once, with `status`. */
class Lab {
  readonly host = new RaceHost();
  readonly guest = new LeanGuest({
    machine: { present: 4, online: [0, 1, 2], isolated: [2] },
    makeHost: () => this.host,
    design: { relidMap: 'array' },
  });
  readonly channel = this.guest.newChannel(RELID, 1);

  constructor(status = 0, version = VERSION_WIN10_V5_3) {
    const { machine, connection, vmbus } = this.guest;
    this.host.contexts = vmbus.contexts;
    connection.connectedWith(version);
    machine.run('map', connection.relids.map(this.channel));
    machine.run(
      'open',
      this.guest.open(this.channel, () => {}),
    );
    this.host.onPost = () =>
      vmbus.messages.handle({ type: CHANNELMSG.MODIFYCHANNEL_RESPONSE, childRelid: RELID, status });
  }

  store(Store: typeof TargetCpuStore, cpu: number): number {
    const { connection, machine } = this.guest;
    return machine.run('target_cpu_store', new Store(connection).store(this.channel, cpu));
  }
}

describe.each([TargetCpuStore, MutexHeldStore, TargetFirstStore])('%p', (Store) => {
  test('moves the channel', () => {
    const lab = new Lab();
    expect(lab.store(Store, 0)).toBe(0);
    expect(lab.channel.targetCpu).toBe(0);
    expect(lab.host.sent).toEqual([{ type: CHANNELMSG.MODIFYCHANNEL, childRelid: RELID, targetVp: 0 }]);
    expect(lab.guest.connection.requests.size).toBe(0);
    expect(lab.guest.connection.channelMutex.isHeld).toBe(false);
  });

  test('sends nothing for the CPU that it is on', () => {
    const lab = new Lab();
    expect(lab.store(Store, 1)).toBe(0);
    expect(lab.host.sent).toEqual([]);
  });

  test('leaves it where it was if the host refuses', () => {
    const lab = new Lab(1);
    expect(lab.store(Store, 0)).toBe(errnoValue('EIO'));
    expect(lab.channel.targetCpu).toBe(1);
  });

  test.each([
    ['an isolated CPU', 2, 'EINVAL'],
    ['a CPU that is offline', 3, 'EINVAL'],
  ] as const)('refuses %s', (_what, cpu, code) => {
    const lab = new Lab();
    expect(lab.store(Store, cpu)).toBe(errnoValue(code));
    expect(lab.host.sent).toEqual([]);
  });

  test('refuses a channel that is not open, and a host that knows no MODIFYCHANNEL', () => {
    const closed = new Lab();
    closed.channel.stateVar.set({ kind: 'open' });
    expect(closed.store(Store, 0)).toBe(errnoValue('EIO'));
    expect(new Lab(0, VERSION_WIN8_1).store(Store, 0)).toBe(errnoValue('EIO'));
  });
});
