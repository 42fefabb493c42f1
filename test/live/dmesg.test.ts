import { expect, test } from '@jest/globals';
import { describeReal, inShell } from '../support/real.js';

const RFC = 'examples/rfc-gen2-8vcpu.yaml';

describeReal('dmesg', ['dmesg', 'chcpu', 'timeout', 'dd'], () => {
  test('shows the guest’s log, also as it grows, and takes lines of user space', async () => {
    // The reader has begun when it shows a line, however loaded this machine is.
    const script = `dmesg | head -1; seen=$(mktemp); timeout 60 dmesg -W >$seen &
      until grep -q begun $seen; do echo begun >/dev/kmsg; sleep 0.1; done
      for f in /sys/bus/vmbus/devices/*/channels/*/cpu; do [ "$(cat $f)" = 3 ] && echo 0 >$f; done
      chcpu -d 3; until grep -q offline $seen; do sleep 0.1; done; kill $!; wait; grep -v begun $seen; rm $seen
      dmesg | grep -c 'CPU 3 is now offline'; echo '<11>hello' >/dev/kmsg; dmesg -x | tail -n 1`;
    const { out, err } = await inShell(RFC, script);
    expect(err).toBe('');
    expect(out.replace(/\[ *\d+\.\d{6}\]/g, '[T]')).toBe(
      '[T] hv_vmbus: Vmbus version:5.3\nCPU 3 disabled\n[T] smpboot: CPU 3 is now offline\n1\nuser  :err   : [T] hello\n',
    );
  });

  test('a reader that may not wait gets EAGAIN after the last record', async () => {
    const script = 'dd if=/dev/kmsg iflag=nonblock bs=8192 status=none | tail -n 1; dmesg | tail -n 1';
    const { out, err } = await inShell(RFC, script, '--speed', '0');
    expect(err).toMatch(/^dd: .*Resource temporarily unavailable\n$/);
    const [record, line] = out.split('\n');
    expect(record).toMatch(/^\d+,\d+,\d+,-;/);
    expect(line.replace(/^\[.*?\] /, '')).toBe(record.replace(/^.*?;/, ''));
  });
});
