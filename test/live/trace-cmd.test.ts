import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readFileSync } from 'node:fs';
import { afterAll, expect, test } from '@jest/globals';
import { describeReal, inShell, root, run } from '../support/real.js';

const cli = join(root, 'dist/cli/cli.js');

describeReal('trace-cmd report', ['trace-cmd'], () => {
  const dir = mkdtempSync(join(tmpdir(), 'irqlab-trace-'));
  afterAll(() => rmSync(dir, { recursive: true }));

  /** What both print of an event, without columns: addresses are hashed in the kernel's text. */
  function lines(text: string): string[] {
    return text
      .split('\n')
      .map((line) => /^ *(.+)-(\d+) +\[(\d{3})\](?: \S{5})? +(\d+\.\d{6}): (\w+): +(.*)$/.exec(line))
      .flatMap((found) => (found ? [found.slice(1).join(' ')] : []))
      .map((line) => line.replace(/(struct[= ])(0x)?[0-9a-f]{16}/, '$1P').trimEnd());
  }

  test.each([
    'rfc-gen2-8vcpu',
    'channel-affinity',
    'cpu-offline',
    'interrupt-lines',
    'pci-devices',
    'hibernate',
  ])('prints the lines of our own text of %s', async (name) => {
    const file = (ending: string) => join(dir, `${name}.${ending}`);
    for (const [ending, format] of [
      ['dat', 'dat'],
      ['7.dat', 'dat7'],
      ['txt', 'ftrace'],
    ]) {
      const args = [
        'run',
        `examples/${name}.yaml`,
        '--trace',
        file(ending),
        '--trace-format',
        format,
        '--seconds',
        '0.05',
        '--events',
        '*:*',
      ];
      await run(process.execPath, [cli, ...args]);
    }
    const { out, err } = await run('trace-cmd', ['report', file('dat')]);
    const own = lines(readFileSync(file('txt'), 'utf8'));
    expect(own.length).toBeGreaterThan(20);
    const seven = await run('trace-cmd', ['report', file('7.dat')]);
    expect([lines(seven.out), seven.err]).toEqual([own, '']);
    expect([lines(out), err.replace(/^trace-cmd: No such file.*\n/gm, '')]).toEqual([own, '']);
  });
});

describeReal('trace-cmd record, and cat trace_pipe', ['trace-cmd', 'timeout', 'dd'], () => {
  const RFC = 'examples/rfc-gen2-8vcpu.yaml';
  const dir = mkdtempSync(join(tmpdir(), 'irqlab-record-'));
  afterAll(() => rmSync(dir, { recursive: true }));

  /** Counts of VMBus' interrupts by their number, out of /proc/interrupts. */
  function counts(text: string): Map<string, number> {
    const rows = [...text.matchAll(/^ *(\d+):((?: +\d+)+) +VMBus /gm)];
    return new Map(
      rows.map(([, irq, cpus]) => [
        irq,
        cpus
          .trim()
          .split(/ +/)
          .reduce((sum, n) => sum + Number(n), 0),
      ]),
    );
  }

  test('records every interrupt, in whole pages and the rest, and reports them', async () => {
    const file = join(dir, 'run.dat');
    const socket = join(dir, 'socket');
    const script = `cat /proc/interrupts; echo ====
      trace-cmd record -q -b 20000 -o ${file} -e irq -e hyperv ${process.execPath} ${cli} ctl ${socket} run 2s >/dev/null
      echo "status $?"; echo ====; cat /proc/interrupts`;
    const { out, err } = await inShell(RFC, script, '--speed', '0', '--socket', socket);
    expect(err).toBe('');
    const [before, said, after] = out.split('====\n');
    expect(said).toBe('status 0\n');
    const report = await run('trace-cmd', ['report', file]);
    expect(report.err.replace(/^trace-cmd: No such file.*\n/gm, '')).toBe('');
    expect(report.out).not.toMatch(/DROPPED|LOST/);
    const seen = new Map<string, number>();
    for (const [, irq] of report.out.matchAll(/irq_handler_entry: +irq=(\d+) /g))
      seen.set(irq, (seen.get(irq) ?? 0) + 1);
    const wanted = [...counts(after)]
      .map(([irq, count]): [string, number] => [irq, count - (counts(before).get(irq) ?? 0)])
      .filter(([, count]) => count > 0);
    expect(wanted.length).toBeGreaterThan(8);
    expect([...seen].sort()).toEqual(wanted.sort());
    expect(report.out).toMatch(/function=vmbus_on_event\n/);
  });

  test('trace_pipe: waits for events, takes signals while it waits, and refuses a second reader', async () => {
    const script = `cd /sys/kernel/tracing
      dd if=trace_pipe iflag=nonblock bs=4096 count=1 status=none; echo "dd $?"
      timeout -s INT 0.3 cat trace_pipe; echo "nothing $?"
      (sleep 0.3; echo one > trace_marker) & read -r line <trace_pipe; echo "\${line##*: }"
      (exec 5<trace_pipe; cat trace_pipe); echo "second $?"
      echo irq > set_event; timeout 1 cat trace_pipe | grep -c irq_handler_entry`;
    const { out, err } = await inShell(RFC, script);
    expect(err).toMatch(/^dd: .*Resource temporarily unavailable\ncat: .*Device or resource busy\n$/);
    const [dd, nothing, one, second, count] = out.split('\n');
    expect([dd, nothing, one, second]).toEqual(['dd 1', 'nothing 124', 'one', 'second 1']);
    expect(Number(count)).toBeGreaterThan(100);
  });

  test('instances, snapshots, filters and tasks', async () => {
    const script = `cd ${dir}
      trace-cmd record -q -o ${dir}/b.dat -B one -e irq:irq_handler_entry -f 'cpu & CPUS{0-3}' sleep 0.5; echo "record $?"
      trace-cmd report -q ${dir}/b.dat 2>&1 | grep -c '[[]00[0-3]][^:]*: *irq_handler_entry'
      cd /sys/kernel/tracing; ls instances | wc -l
      mkdir instances/two; mkdir instances/two 2>/dev/null; echo "twice $?"
      echo irq > instances/two/set_event; sleep 0.2; echo 0 > instances/two/tracing_on
      [ $(grep -c irq_handler_entry instances/two/trace) -gt 0 ] && ! grep -q irq_handler_entry trace && echo own
      exec 5<instances/two/trace_pipe; rmdir instances/two 2>/dev/null; echo "busy $?"; exec 5<&-
      rmdir instances/two; echo "gone $?"; rmdir instances/two 2>/dev/null; echo "none $?"
      echo $$ > set_event_pid; echo hyperv:vmbus_send_modifychannel > set_event
      echo 2 > /proc/irq/39/smp_affinity; sh -c 'echo 4 > /proc/irq/39/smp_affinity'; cat trace | grep -c send_modify
      trace-cmd snapshot -s; trace-cmd snapshot | grep -o "sh-$$ .* d..1" | tr -s ' ' | cut -d' ' -f2,3
      cat trace_marker; echo "read $?"`;
    const { out, err } = await inShell(RFC, script);
    expect(err).toBe('cat: trace_marker: Invalid argument\n');
    const [recorded, counted, ...rest] = out.trim().split('\n');
    expect([recorded, Number(counted) > 10]).toEqual(['record 0', true]);
    const names = ['0', 'twice 1', 'own', 'busy 1', 'gone 0', 'none 1'];
    expect(rest).toEqual([...names, '1', '[000] d..1', 'read 1']);
  });
});
