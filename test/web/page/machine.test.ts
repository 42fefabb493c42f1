import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import type { Page } from 'playwright-core';
import { Guest } from '../../../src/index.js';
import { runScenarioOn } from '../../../src/scenario/runner.js';
import { parseScenario } from '../../../src/scenario/load.js';
import { MachinePicture } from '../../../src/steer/machine-picture.js';
import { cellLeft, type Geometry, geometryOf, rowTop } from '../../../web/views/machine/geometry.js';
import { describePage, root, runTo, shell } from '../../support/page.js';

const example = 'examples/rfc-gen2-8vcpu.yaml';

/** Where the map has its rows and CPUs, of a guest that has just booted. */
async function geometryOn(
  page: Page,
  file: string,
): Promise<{ geometry: Geometry; rowOf: (irq: number) => number }> {
  const { rows, cpus } = new MachinePicture(Guest.load(join(root, file))).frame();
  // The first picture of the guest has come: before it there is nothing to click at.
  const options = page.getByRole('combobox', { name: 'Row' }).locator('option');
  await options.nth(rows.length - 1).waitFor({ state: 'attached' });
  const size = await page.locator('.map-scroller').evaluate((element) => {
    const { clientWidth: width, clientHeight: height, scrollLeft, scrollTop } = element;
    return { width, height, scrollLeft, scrollTop };
  });
  const geometry = geometryOf({ ...size, zoom: 1 }, rows.length, cpus);
  return { geometry, rowOf: (irq) => rows.findIndex((row) => row.irq === irq) };
}

/** The middle of a cell on the screen. */
async function middleOf(
  page: Page,
  geometry: Geometry,
  row: number,
  cpu: number,
): Promise<{ x: number; y: number }> {
  const box = await page.locator('.map canvas').boundingBox();
  if (box === null) throw new Error('there is no map');
  return {
    x: box.x + cellLeft(geometry, cpu) + geometry.cellWidth / 2,
    y: box.y + rowTop(geometry, row) + geometry.rowHeight / 2,
  };
}

async function clickCpu(page: Page, geometry: Geometry, cpu: number): Promise<void> {
  const { x } = await middleOf(page, geometry, 0, cpu);
  const box = await page.locator('.map canvas').boundingBox();
  await page.mouse.click(x, (box?.y ?? 0) + geometry.header - 6);
}

const said = (page: Page) => page.locator('.notice.last');

describePage('the map', (pages) => {
  test('a line is dragged by a finger; elsewhere a finger scrolls', async () => {
    const page = await pages.open({ width: 390, height: 844, hasTouch: true });
    const { geometry, rowOf } = await geometryOn(page, example);
    const from = await middleOf(page, geometry, rowOf(29), 1);
    const to = await middleOf(page, geometry, rowOf(29), 0);
    const client = await page.context().newCDPSession(page);
    const touch = (
      type: 'touchStart' | 'touchMove' | 'touchEnd',
      points: readonly { x: number; y: number }[],
    ) => client.send('Input.dispatchTouchEvent', { type, touchPoints: [...points] });
    await touch('touchStart', [from]);
    for (let part = 1; part <= 8; part++)
      await touch('touchMove', [{ x: from.x + ((to.x - from.x) * part) / 8, y: from.y }]);
    await touch('touchEnd', []);
    await said(page).getByText('affinity: {irq: 29, cpus: "0"} done').waitFor();
    expect(await shell(page, 'cat /proc/irq/29/smp_affinity_list')).toBe('0\n');
  });

  test('a line is dragged to another CPU: the files agree, and the host follows', async () => {
    const page = await pages.open();
    const { geometry, rowOf } = await geometryOn(page, example);
    const from = await middleOf(page, geometry, rowOf(39), 6);
    const to = await middleOf(page, geometry, rowOf(39), 1);
    await page.mouse.move(from.x, from.y);
    await page.mouse.down();
    await page.mouse.move((from.x + to.x) / 2, to.y);
    await page.mouse.move(to.x, to.y);
    await page.mouse.up();
    await said(page).getByText('affinity: {irq: 39, cpus: "1"} done').waitFor();
    await page.getByText('still CPU 6, soon 1').waitFor();
    expect(await shell(page, 'cat /proc/irq/39/effective_affinity_list')).toBe('1\n');
    const { path } = Guest.load(join(root, example)).channel(19);
    expect(await shell(page, `cat ${path}/cpu`)).toBe('1\n');
    await runTo(page, '2s', '2.000 000 000 s');
    expect(await shell(page, 'cat /proc/interrupts')).toMatch(/^ 39: +\d+ +[1-9]\d* /m);
    await page.getByRole('tab', { name: 'Machine' }).click();
    await page.getByText('interrupts CPU 1').waitFor();
  });

  test('a CPU that channels target does not go offline; once they are moved it does', async () => {
    const page = await pages.open();
    const { geometry } = await geometryOn(page, example);
    await clickCpu(page, geometry, 3);
    await said(page)
      .getByText('EBUSY: CPU 3 is the target of channels 24 (IRQ 44, sub@storvsc0), 16 (IRQ 36, netvsc)')
      .waitFor();
    for (const irq of [44, 36]) {
      await page
        .getByRole('combobox', { name: 'Row' })
        .selectOption({ label: `${irq}: ${irq === 44 ? 'sub@storvsc0' : 'netvsc'}` });
      await page.getByLabel('CPUs to move to').fill('0');
      await page.getByRole('button', { name: 'Move' }).click();
      await said(page).getByText(`affinity: {irq: ${irq}, cpus: "0"} done`).waitFor();
    }
    await clickCpu(page, geometry, 3);
    await said(page).getByText('offline: 3 done').waitFor();
    expect(await shell(page, 'cat /sys/devices/system/cpu/online')).toBe('0-2,4-7\n');
    await page.getByRole('tab', { name: 'Machine' }).click();
    await page.getByText('is offline').waitFor();
    await clickCpu(page, geometry, 3);
    await said(page).getByText('online: 3 done').waitFor();
  });

  test('all of it goes by keyboard', async () => {
    const page = await pages.open();
    const { rowOf } = await geometryOn(page, example);
    await page.locator('.map canvas').focus();
    for (let i = 0; i < rowOf(39); i++) await page.keyboard.press('ArrowDown');
    for (let i = 0; i < 6; i++) await page.keyboard.press('ArrowRight');
    await page.locator('#map-said').getByText('IRQ 39 netvsc, CPU 6').waitFor();
    await page.keyboard.press('Enter');
    await page.keyboard.press('ArrowLeft');
    await page.locator('#map-said').getByText('to CPU 5').waitFor();
    await page.keyboard.press('Enter');
    await said(page).getByText('affinity: {irq: 39, cpus: "5"} done').waitFor();
    await page.keyboard.press('o');
    await said(page).getByText('EBUSY: CPU 5 is the target of').waitFor();
    await page.keyboard.press('n');
    await page.locator('.clock', { hasText: /^0\.\d/ }).waitFor();
    await page.keyboard.press(' ');
    await page.getByRole('button', { name: 'Pause' }).waitFor();
    await page.keyboard.press(' ');
    await page.getByRole('button', { name: 'Play' }).waitFor();
  });

  test('the host offers, signals, misbehaves and rescinds', async () => {
    const page = await pages.open();
    await page.getByLabel('Driver of the device that is offered').selectOption('mouse');
    await page.getByLabel('relid', { exact: true }).fill('77');
    await page.getByRole('button', { name: 'Offer' }).click();
    await said(page).getByText('offer: {driver: mouse, relid: 77} done').waitFor();
    await page.getByRole('combobox', { name: 'Row' }).selectOption({ label: '45: mouse' });
    await page.getByLabel('How often the host signals').fill('3');
    await page.getByRole('button', { name: 'Signal' }).click();
    await said(page).getByText('signal: 77, times: 3 done').waitFor();
    expect(await shell(page, 'cat /proc/interrupts')).toMatch(/^ 45: +[1-9]\d* .* mouse$/m);
    await page.getByRole('tab', { name: 'Machine' }).click();
    await page.getByRole('button', { name: 'Misbehave' }).click();
    await said(page).getByText('host: {misbehave: {signal: any, do: drop}} done').waitFor();
    await page.getByRole('button', { name: 'Behave', exact: true }).click();
    await page.getByRole('button', { name: 'Rescind' }).click();
    await said(page).getByText('rescind: 77 done').waitFor();
    expect(await shell(page, 'cat /proc/irq/45/smp_affinity')).toContain('ENOENT');
  });

  test('workloads start and stop, and channels are set', async () => {
    const page = await pages.open();
    await page.getByRole('combobox', { name: 'Row' }).selectOption({ label: '34: netvsc' });
    await page.getByLabel('Number of channels').fill('2');
    await page.getByRole('button', { name: 'Set (ethtool -L)' }).click();
    await said(page).getByText('channels: {relid: 13, count: 2} done').waitFor();
    await page.getByRole('button', { name: 'Stop relid 7' }).click();
    await said(page).getByText('stop: 7 {stopped: 1}').waitFor();
    await page.getByRole('combobox', { name: 'Row' }).selectOption({ label: '24: heartbeat' });
    await page.getByRole('button', { name: 'Start', exact: true }).click();
    await said(page).getByText('workload: {relid: 7, every: 1ms} done').waitFor();
    await runTo(page, '1s', '1.000 000 000 s');
    await page.getByText(/^relid 7: 9\d\d$/).waitFor();
  });

  test('what was done by hand is a scenario that does the same', async () => {
    const page = await pages.open();
    await runTo(page, '250ms', '0.250 000 000 s');
    const command = page.getByLabel('A step of a timeline, in YAML');
    for (const line of [
      'offline: 3',
      'affinity: {irq: 44, cpus: "0"}',
      '{affinity: {relid: 16, cpu: 2}}',
      'offline: 3',
    ]) {
      await command.fill(line);
      await command.press('Enter');
      await said(page)
        .getByText(line.replace(/^\{(.*)\}$/, '$1'))
        .waitFor();
    }
    await runTo(page, '1500ms', '1.500 000 000 s');
    await page.getByRole('button', { name: 'Copy as YAML' }).click();
    await page.getByText('copied').waitFor();
    const yaml = await page.evaluate<string>('navigator.clipboard.readText()');
    expect(yaml).toMatch(/^timeline:\n {2}- \{at: 250ms, offline: 3, expect: EBUSY\}\n/);
    const text = `${readFileSync(join(root, example), 'utf8').replace(/^(print|run):.*\n/gm, '')}\n${yaml}`;
    const scenario = parseScenario(text, 'by-hand.yaml');
    const guest = Guest.create(scenario.guest);
    expect(runScenarioOn(guest, scenario, { runNs: 1_500_000_000 }).ok).toBe(true);
    expect(await shell(page, 'cat /proc/interrupts')).toBe(guest.procInterrupts());
  });
});

describePage(
  'the map of a machine with nodes',
  (pages) => {
    test('a line is dragged to a node', async () => {
      const page = await pages.open();
      const file = 'examples/two-node-16vcpu.yaml';
      const { geometry } = await geometryOn(page, file);
      const guest = Guest.load(join(root, file));
      const { rows } = new MachinePicture(guest).frame();
      const row = rows.findIndex(({ channel, effective }) => channel !== undefined && Number(effective) < 4);
      const { irq = 0, effective = '' } = rows[row];
      const from = await middleOf(page, geometry, row, Number(effective));
      const to = await middleOf(page, geometry, row, 9);
      const box = await page.locator('.map canvas').boundingBox();
      await page.mouse.move(from.x, from.y);
      await page.mouse.down();
      await page.mouse.move(to.x, to.y);
      await page.mouse.move(to.x, (box?.y ?? 0) + 6);
      await page.mouse.up();
      await said(page).getByText(`affinity: {irq: ${irq}, cpus: "8-15"} done`).waitFor();
    });
  },
  'examples/two-node-16vcpu.yaml',
);
