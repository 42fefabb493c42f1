import { expect, test } from '@jest/globals';
import { parseCpuList } from '../../src/machine/cpumask-text.js';
import { parseInterrupts } from '../../src/view/interrupts/parse.js';
import { describeReal, inShell, parts } from '../support/real.js';

const BUSY = 'examples/two-node-16vcpu.yaml';
const CPUS = 16;

/** Each relid's CPU, out of a channel_vp_mapping. */
function mapping(text: string): Map<number, number> {
  return new Map([...text.matchAll(/^(\d+):(\d+)$/gm)].map(([, relid, cpu]) => [Number(relid), Number(cpu)]));
}

const SHOW = 'cat /sys/bus/vmbus/devices/*/channel_vp_mapping; echo ====';
/** irqbalance wants a place for its socket; this one goes with the namespace. */
const RUN = 'mount -t tmpfs none /run && mkdir /run/irqbalance';
const AFFINITIES =
  'cd /proc/irq; for i in [0-9]*; do echo $i $(cat $i/smp_affinity_list); done; cd /; echo ====';

/** Where the interrupts may go, by relid. */
function affinities(text: string, interrupts: string): Map<number, Set<number>> {
  const byIrq = new Map(
    [...text.matchAll(/^(\d+) (\S+)$/gm)].map(([, irq, list]) => [
      Number(irq),
      new Set(parseCpuList(list, CPUS)),
    ]),
  );
  const byRelid = new Map<number, Set<number>>();
  for (const row of parseInterrupts(interrupts).table.rows) {
    const cpus = row.kind === 'irq' ? byIrq.get(row.irq) : undefined;
    if (row.kind === 'irq' && row.chip === 'VMBus' && row.hwirq !== null && cpus)
      byRelid.set(row.hwirq, cpus);
  }
  return byRelid;
}

function expectFollowed(before: string, after: string, allowed: Map<number, Set<number>>): void {
  const from = mapping(before);
  let moved = 0;
  let confined = 0;
  for (const [relid, cpu] of mapping(after)) {
    const cpus = allowed.get(relid);
    if (cpus === undefined) throw new Error(`channel ${relid} has no interrupt`);
    expect([...cpus]).toContain(cpu);
    if (cpu !== from.get(relid)) moved += 1;
    if (cpus.size < CPUS) confined += 1;
  }
  expect(confined).toBe(from.size);
  expect(moved).toBeGreaterThan(0);
}

const complaints = /invalid|cannot|can't|unmanaged|fail|error|warn/i;

describeReal('irqbalance', ['irqbalance', 'timeout'], () => {
  const balance = (command: string) =>
    `${RUN}; ${SHOW}\n${command} 2>&1; echo "status $?"; echo ====; ${SHOW}\n${AFFINITIES}\ncat /proc/interrupts`;

  test('--oneshot --debug sees the topology, and the channels follow its writes', async () => {
    const { status, out, err } = await inShell(BUSY, balance('irqbalance --oneshot --debug'));
    expect({ status, err }).toEqual({ status: 0, err: '' });
    const [before, debug, after, smpAffinity, interrupts] = parts(out);
    expect(debug).toMatch(/status 0\n$/);
    const [topology] = debug.split('Adding IRQ');
    expect(topology.match(/^Package \d: +numa_node \d cpu mask is \w+/gm)).toEqual([
      'Package 0:  numa_node 0 cpu mask is 000000ff',
      'Package 1:  numa_node 1 cpu mask is 0000ff00',
    ]);
    expect(topology.match(/Cache domain \d+:/g)).toHaveLength(8);
    expect(topology.match(/CPU number \d+/g)).toHaveLength(CPUS);
    expect(debug).toContain('NUMA NODE NUMBER: 0\nLOCAL CPU MASK: 000000ff\n');
    expect(debug).toContain('NUMA NODE NUMBER: 1\nLOCAL CPU MASK: 0000ff00\n');
    expect(debug).not.toMatch(complaints);
    expectFollowed(before, after, affinities(smpAffinity, interrupts));
  });

  test('runs for 30 s without a complaint, while channels come and go', async () => {
    const { status, out } = await inShell(
      BUSY,
      balance('timeout 30 irqbalance --foreground --debug --interval 1'),
    );
    expect(status).toBe(0);
    const [before, debug, after, smpAffinity, interrupts] = parts(out);
    expect(debug).toMatch(/status (124|0)\n$/);
    expect(debug).not.toMatch(complaints);
    expect(debug.match(/^-{20,}$/gm)?.length).toBeGreaterThan(20);
    expectFollowed(before, after, affinities(smpAffinity, interrupts));
  });
});

describeReal('programs for CPUs', ['chcpu', 'lscpu'], () => {
  test('chcpu and lscpu: offline and online as the guest decides', async () => {
    const script = `chcpu -d 9; echo "status $?"; echo ====
      for f in /sys/bus/vmbus/devices/*/channels/*/cpu; do [ $(cat $f) != 9 ] || echo 0 >$f; done; chcpu -d 9; echo "status $?"; echo ====
      lscpu -e=CPU,NODE,SOCKET,CORE,ONLINE; echo ====; chcpu -e 9; echo "status $?"; chcpu -d 0; echo "status $?"; echo ====
      lscpu; echo ====; lscpu -e=CPU,NODE,SOCKET,CORE,CACHE,ONLINE`;
    const { status, out, err } = await inShell(BUSY, script);
    expect(status).toBe(0);
    const [refused, done, list, back, summary, whole] = parts(out);
    expect(refused).toMatch(/^status [^0]/);
    expect(err).toBe(
      'chcpu: CPU 9 disable failed: Device or resource busy\nchcpu: CPU 0 is not hot pluggable\n',
    );
    expect(done).toBe('CPU 9 disabled\nstatus 0\n');
    expect(list).toMatch(/^ +9 +- +- +- +no$/m);
    expect(back).toMatch(/^CPU 9 enabled\nstatus 0\nstatus [^0]/);
    for (const line of [
      'CPU(s): 16',
      'On-line CPU(s) list: 0-15',
      'Thread(s) per core: 2',
      'Core(s) per socket: 4',
    ]) {
      expect(summary.replaceAll(/: +/g, ': ')).toContain(line);
    }
    expect(summary).toMatch(/^ *NUMA node1 CPU\(s\): +8-15$/m);
    const rows = whole.trim().split('\n').slice(1);
    expect(rows).toHaveLength(CPUS);
    expect(rows[11].trim().split(/ +/)).toEqual([
      '11',
      '1',
      '1',
      expect.any(String),
      expect.any(String),
      'yes',
    ]);
  });

  test('a script that moves channels, takes a CPU offline and restores all', async () => {
    const script = `${SHOW}\nexamples/move-channels.sh 9; echo "status $?"; echo ====\n${SHOW}\nexamples/move-channels.sh 0`;
    const { status, out } = await inShell(BUSY, script);
    const [before, said, after] = parts(out);
    expect(said).toMatch(
      /CPU 9 -> 0\nCPUs online: 0-8,10-15\n.*back to CPU 9\nCPUs online: 0-15\nstatus 0\n$/s,
    );
    expect(mapping(after)).toEqual(mapping(before));
    expect(status).not.toBe(0);
  });
});

describeReal('node exporter', ['prometheus-node-exporter', 'curl'], () => {
  test('exports every row with its labels', async () => {
    const script = `prometheus-node-exporter --collector.disable-defaults --collector.interrupts \\
        --web.listen-address=127.0.0.1:19100 >/dev/null 2>&1 &
      curl -s --retry 20 --retry-delay 1 --retry-connrefused 127.0.0.1:19100/metrics; kill $!; echo ====; cat /proc/interrupts`;
    const { out } = await inShell('examples/rfc-gen2-8vcpu.yaml', script, '--speed', '0');
    const [metrics, interrupts] = parts(out);
    const samples = new Map<string, string>();
    const line =
      /^node_interrupts_total\{cpu="(\d+)",devices="([^"]*)",info="([^"]*)",type="(\w+)"\} (\S+)$/gm;
    for (const [, cpu, devices, info, type, count] of metrics.matchAll(line)) {
      samples.set(`${type} ${cpu}`, `${Number(count)} ${info} ${devices}`.trim());
    }
    const wanted = new Map<string, string>();
    for (const row of parseInterrupts(interrupts).table.rows) {
      // The exporter knows no rows without a column for each CPU.
      if (row.kind === 'total') continue;
      for (const [cpu, count] of row.counts.entries()) {
        if (row.kind === 'arch') wanted.set(`${row.label} ${cpu}`, `${count} ${row.text}`);
        else {
          const flow = row.flow === null ? '' : `-${row.flow}`;
          wanted.set(
            `${row.irq} ${cpu}`,
            `${count} ${row.chip} ${row.hwirq}${flow} ${row.actions.join(', ')}`,
          );
        }
      }
    }
    expect(samples).toEqual(wanted);
  });
});

describeReal('irqbalance on a VM with PCI devices', ['irqbalance', 'timeout'], () => {
  const AZURE = 'examples/azure-d16s-an.yaml';

  test('finds the functions with their vectors and nodes in sysfs', async () => {
    const script = `${RUN}; irqbalance --oneshot --debug 2>&1; echo "status $?"; echo ====
      for d in /sys/bus/pci/devices/*; do ls $d/msi_irqs; done`;
    const { status, out } = await inShell(AZURE, script, '--speed', '0');
    expect(status).toBe(0);
    const [debug, irqs] = parts(out);
    expect(debug).toMatch(/status 0\n$/);
    expect(debug).not.toMatch(complaints);
    const vectors = irqs.trim().split('\n');
    expect(vectors).toHaveLength(34);
    // Those of PCI devices come first, as they are found there.
    const added = [...debug.matchAll(/^Adding IRQ (\d+) to database$/gm)].map(([, irq]) => irq);
    expect(added.slice(0, 34).sort()).toEqual(vectors.sort());
  });

  test('goes on when the virtual function is taken away and comes again', async () => {
    const balance = 'timeout 6 irqbalance --foreground --interval 1';
    const script = `${RUN}; ${balance} 2>&1; echo "status $?"; grep -c mlx5_comp /proc/interrupts`;
    const { status, out } = await inShell(AZURE, script);
    expect(status).toBe(0);
    expect(out).toMatch(/status (124|0)\n16\n$/);
  });
});
