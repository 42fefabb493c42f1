import { expect, test } from '@jest/globals';
import type { Page } from 'playwright-core';
import { describePage } from '../../support/page.js';

// What somebody does who has read nothing but the page.

/** Waits until the page says it where it can be seen, however far one has scrolled. */
async function said(page: Page, text: string): Promise<void> {
  await page.locator('.notice.last').getByText(text).waitFor();
  const box = await page.locator('.notice.last').boundingBox();
  expect(box?.y).toBeGreaterThanOrEqual(0);
  expect(box?.y).toBeLessThan((page.viewportSize()?.height ?? 0) / 2);
}

async function move(page: Page, row: string, cpu: number): Promise<void> {
  await page.getByRole('combobox', { name: 'Row' }).selectOption({ label: row });
  await page.getByLabel('CPUs to move to').fill(`${cpu}`);
  await page.getByRole('button', { name: 'Move' }).click();
  await said(page, 'done');
}

describePage('a first visit', (pages) => {
  for (const width of [1280, 390])
    test(`moves a channel, takes a CPU offline and watches a race, ${width} px wide`, async () => {
      const page = await pages.open({ width, height: 800 });
      await move(page, '39: netvsc', 1);
      await page.getByText('still CPU 6, soon 1').waitFor();
      await page.getByRole('button', { name: 'Play' }).click();
      await page.getByText('interrupts CPU 1').waitFor();
      await page.getByRole('button', { name: 'Pause' }).click();

      await page.getByLabel('CPU', { exact: true }).fill('3');
      await page.getByRole('button', { name: 'Take offline' }).click();
      await said(
        page,
        'EBUSY: CPU 3 is the target of channels 24 (IRQ 44, sub@storvsc0), 16 (IRQ 36, netvsc)',
      );
      await move(page, '44: sub@storvsc0', 0);
      await move(page, '36: netvsc', 0);
      await page.getByLabel('CPU', { exact: true }).fill('3');
      await page.getByRole('button', { name: 'Take offline' }).click();
      await said(page, 'offline: 3 done');
      await page.getByText('is offline').waitFor();

      await page.getByRole('tab', { name: 'Races' }).click();
      await page.getByRole('button', { name: 'Show percpu-list sc', exact: true }).click();
      const result = page.getByRole('region', { name: 'relid-map/percpu-list sc' });
      await result.getByRole('heading', { name: 'relid-map/percpu-list: found' }).waitFor();
      const { height = 0 } = page.viewportSize() ?? {};
      expect((await result.boundingBox())?.y).toBeLessThan(height / 2);
      await result.getByLabel('Step of the interleaving').fill('1');
      await result.getByText('The guest after step 1').waitFor();
      await result.getByRole('button', { name: 'Forward' }).click();
      await result.getByText('The guest after step 2').waitFor();
      await result.getByRole('button', { name: 'To what decides' }).click();
      await result.locator('tr[aria-current] .decides').waitFor();
    });
});
