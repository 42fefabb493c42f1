import { expect, test } from '@jest/globals';
import { describePage, shell } from '../../support/page.js';

describePage('files and log', (pages) => {
  test('are browsed, read as they are now, and written; refusals are the kernel’s', async () => {
    const page = await pages.open({ hash: 'view=files' });
    const tree = page.getByRole('navigation', { name: 'Files of the guest' });
    await tree.getByRole('button', { name: 'irq', exact: true }).click();
    await tree.getByRole('button', { name: '39', exact: true }).click();
    await tree.getByRole('button', { name: 'smp_affinity', exact: true }).click();
    const text = page.getByRole('region', { name: '/proc/irq/39/smp_affinity' });
    await text.getByText('40').waitFor();
    await page.getByLabel('What to write to /proc/irq/39/smp_affinity').fill('2');
    await page.getByRole('button', { name: 'Write' }).click();
    await text.getByText('02').waitFor();
    await page.getByLabel('What to write to /proc/irq/39/smp_affinity').fill('ff00');
    await page.getByRole('button', { name: 'Write' }).click();
    await page.locator('.notice.refused').getByText('EOVERFLOW').waitFor();
    await page.getByLabel('Path of the file').fill('/proc/irq/999/smp_affinity');
    await page.getByLabel('Path of the file').press('Enter');
    await page.getByText('ENOENT: there is no /proc/irq/999/smp_affinity').waitFor();
  });

  test('a line of shell reads, writes and lists', async () => {
    const page = await pages.open({ hash: 'view=files' });
    expect(await shell(page, 'echo 4 > /proc/irq/39/smp_affinity')).toBe('');
    expect(await shell(page, 'cat /proc/irq/39/smp_affinity_list /proc/irq/39/effective_affinity')).toBe(
      '2\n04\n',
    );
    expect(await shell(page, 'echo 0 > /sys/devices/system/cpu/cpu2/online')).toMatch(
      /^echo: write error: EBUSY: CPU 2 is the target of channels /,
    );
    expect(await shell(page, 'ls /proc/irq/39')).toContain('smp_affinity_list\n');
    expect(await shell(page, "echo 'a  b' c")).toBe('a  b c\n');
    expect(await shell(page, "echo '<4>from the page' > /dev/kmsg")).toBe('');
    await page.getByRole('log', { name: 'Kernel log' }).getByText('from the page').waitFor();
    expect(await shell(page, 'rm -rf /')).toMatch(/^sh: rm: not found/);
  });

  test('the log follows', async () => {
    const page = await pages.open({ hash: 'view=files' });
    const log = page.getByRole('log', { name: 'Kernel log' });
    await log.getByText('Vmbus version').waitFor();
    for (const irq of [44, 36]) await shell(page, `echo 0 > /proc/irq/${irq}/smp_affinity_list`);
    await shell(page, 'echo 0 > /sys/devices/system/cpu/cpu3/online');
    await log.getByText('smpboot: CPU 3 is now offline').waitFor();
  });
});
