import { describe, expect, test } from '@jest/globals';
import type { KernelVersion } from '../../../src/irq/kernel.js';
import { cpuhpPlace } from '../../../src/machine/hotplug.js';
import { Guest } from '../machine.js';

const cpuDir = '/sys/devices/system/cpu';

/**
 * Numbers counted in enum cpuhp_state (include/linux/cpuhotplug.h) for the names of cpuhp_hp_states (kernel/cpu.c), with
 * the configuration of x86-64: states of other architectures and drivers have numbers, too.
 */
const states: [KernelVersion, string][] = [
  [
    '6.1',
    '0 offline,1 threads:prepare,2 perf:prepare,40 random:prepare,41 workqueue:prepare,43 hrtimers:prepare,' +
      '46 smpcfd:prepare,47 relay:prepare,48 slab:prepare,50 RCU/tree:prepare,68 timers:prepare,91 cpu:bringup,' +
      '92 idle:dead,93 ap:offline,94 sched:starting,95 RCU/tree:dying,148 smpcfd:dying,149 hrtimers:dying,' +
      '152 ap:online,153 cpu:teardown,155 sched:waitempty,156 smpboot/threads:online,158 irq/affinity:online,' +
      '162 perf:online,196 lockup_detector:online,197 workqueue:online,198 random:online,199 RCU/tree:online,' +
      '201 hyperv/vmbus:online,235 sched:active,236 online',
  ],
  [
    '6.12',
    '0 offline,1 threads:prepare,2 perf:prepare,37 random:prepare,38 workqueue:prepare,40 hrtimers:prepare,' +
      '42 smpcfd:prepare,43 relay:prepare,45 RCU/tree:prepare,61 timers:prepare,85 cpu:kick_ap,86 cpu:bringup,' +
      '87 idle:dead,88 ap:offline,90 sched:starting,91 RCU/tree:dying,139 smpcfd:dying,140 hrtimers:dying,' +
      '141 tick:dying,144 ap:online,145 cpu:teardown,149 sched:waitempty,150 smpboot/threads:online,' +
      '151 irq/affinity:online,155 perf:online,187 lockup_detector:online,188 workqueue:online,' +
      '189 random:online,190 RCU/tree:online,192 hyperv/vmbus:online,235 sched:active,236 online',
  ],
  [
    '7.2',
    '0 offline,1 threads:prepare,35 random:prepare,36 workqueue:prepare,38 hrtimers:prepare,40 smpcfd:prepare,' +
      '41 relay:prepare,43 RCU/tree:prepare,58 timers:prepare,82 cpu:kick_ap,83 cpu:bringup,84 idle:dead,' +
      '85 ap:offline,87 sched:starting,88 RCU/tree:dying,137 smpcfd:dying,138 hrtimers:dying,139 tick:dying,' +
      '142 ap:online,143 cpu:teardown,147 sched:waitempty,148 smpboot/threads:online,149 irq/affinity:online,' +
      '154 perf:online,186 lockup_detector:online,187 workqueue:online,188 random:online,189 RCU/tree:online,' +
      '192 hyperv/vmbus:online,235 sched:active,236 online',
  ],
];

function guestOf(kernel: KernelVersion): Guest {
  const guest = new Guest({ present: 2, kernel });
  guest.machine.hotplug.register({ name: 'hyperv/vmbus:online', place: cpuhpPlace.onlineDyn });
  return guest;
}

describe('states of CPU hotplug', () => {
  test.each(states)('%s', (kernel, text) => {
    const lines = text
      .split(',')
      .map((state) => state.replace(/^(\d+) /, (_all, number) => `${number.padStart(3)}: `));
    expect(guestOf(kernel).read(`${cpuDir}/hotplug/states`)).toBe(`${lines.join('\n')}\n`);
  });

  // kernel/cpu.c fail_store: kstrtoint(buf, 10), so no other base.
  test('fail takes decimal numbers of states that have callbacks, and says them again', () => {
    const guest = guestOf('6.12');
    const file = `${cpuDir}/cpu1/hotplug/fail`;
    const before = guest.read(file);
    expect([guest.write(file, '0xc0'), guest.write(file, 'c0'), guest.write(file, '11a')]).toEqual([
      'EINVAL',
      'EINVAL',
      'EINVAL',
    ]);
    expect(guest.read(file)).toBe(before);
    expect([guest.write(file, '192\n'), guest.read(file)]).toEqual([4, '192\n']);
    expect([guest.write(file, before), guest.read(file)]).toEqual([before.length, before]);
  });
});

// drivers/base/cacheinfo.c: a cache is as large as its sets, ways and lines together.
test('sizes of caches agree with their geometry', () => {
  const guest = new Guest({ present: 2 });
  const sets: number[] = [];
  for (let index = 0; index < 4; index++) {
    const of = (name: string): number =>
      Number.parseInt(guest.read(`${cpuDir}/cpu0/cache/index${index}/${name}`), 10);
    const bytes = of('number_of_sets') * of('ways_of_associativity') * of('coherency_line_size');
    expect(bytes).toBe(of('size') * 1024);
    expect(of('physical_line_partition')).toBe(1);
    sets.push(of('number_of_sets'));
  }
  expect(sets).toEqual([64, 64, 1024, 32768]);
});

// fs/sysfs/dir.c makes directories 0755, fs/proc/generic.c proc_mkdir 0555 where nothing else is asked for.
test('directories can be listed by anybody and changed by nobody else', () => {
  const { tree } = new Guest({ present: 2 });
  const modes = new Map<string, Set<number>>();
  const visit = (path: string): void => {
    const top = path.split('/')[1];
    for (const name of tree.readdir(path)) {
      const child = `${path}/${name}`;
      const { kind, mode } = tree.lstat(child);
      if (kind !== 'directory') continue;
      modes.set(top, (modes.get(top) ?? new Set()).add(mode & 0o7777));
      visit(child);
    }
  };
  visit('/proc');
  visit('/sys/devices');
  visit('/sys/kernel/irq');
  expect([...modes].map(([top, found]) => [top, [...found]])).toEqual([
    ['proc', [0o555]],
    ['sys', [0o755]],
  ]);
});
