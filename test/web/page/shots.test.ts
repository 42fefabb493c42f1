import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import type { Page } from 'playwright-core';
import { describePage, root, runTo } from '../../support/page.js';

// What views look like, against pictures that somebody has looked at. IRQLAB_SHOTS=write keeps those of now instead: look
// at each before it is committed.

const kept = join(root, 'test/web/page/shots');
const writes = process.env['IRQLAB_SHOTS'] === 'write';

/** So much of a picture may differ: fonts are smoothed a little differently from one Chromium to the next. */
const MOST_DIFFERENT = 0.005;

/** What is done in a view before its picture is taken, where it shows nothing yet by itself. */
const prepared: Readonly<Record<string, (page: Page) => Promise<void>>> = {
  machine: (page) => runTo(page, '3s', '3.000 000 000 s'),
  files: (page) => runTo(page, '3s', '3.000 000 000 s'),
  timeline: async (page) => {
    await page.getByRole('button', { name: 'Trace', exact: true }).click();
    await page.getByText('Nothing has happened yet').waitFor();
    await runTo(page, '20ms', '0.020 000 000 s');
    await page.getByText(/^[1-9]\d* events$/).waitFor();
    await page.getByRole('button', { name: 'Stop tracing' }).click();
  },
  races: async (page) => {
    await page.getByRole('button', { name: 'Search percpu-list sc', exact: true }).click();
    await page.getByText('A minimal interleaving').waitFor();
  },
  compare: async (page) => {
    await page.getByRole('combobox', { name: 'Scenario' }).selectOption('compare-offline.yaml');
    await page.getByLabel('Vary').selectOption('modify-channel');
    await page.getByRole('button', { name: 'Compare', exact: true }).click();
    await page.getByRole('row', { name: /fixed-sleep/ }).waitFor();
    await page.getByText(/compare-offline.yaml, once for each/).waitFor();
  },
  scenario: (page) => page.getByRole('textbox', { name: 'Scenario in YAML' }).waitFor(),
};

const shots = Object.keys(prepared).flatMap((id) =>
  (['light', 'dark'] as const).flatMap((theme) => [1280, 390].map((width) => ({ id, theme, width }))),
);

/** Which part of a picture differs from another one of the same size; 1 if the sizes differ. Runs in a page. */
const difference = `async ([a, b]) => {
  const pixels = async (base64) => {
    const image = new Image();
    image.src = 'data:image/png;base64,' + base64;
    await image.decode();
    const canvas = Object.assign(document.createElement('canvas'), { width: image.width, height: image.height });
    const context = canvas.getContext('2d');
    context.drawImage(image, 0, 0);
    return context.getImageData(0, 0, image.width, image.height);
  };
  const [one, other] = [await pixels(a), await pixels(b)];
  if (one.width !== other.width || one.height !== other.height) return 1;
  let different = 0;
  for (let i = 0; i < one.data.length; i += 4)
    if ([0, 1, 2].some((part) => Math.abs(one.data[i + part] - other.data[i + part]) > 48)) different += 1;
  return different / (one.width * one.height);
}`;

describePage('what views look like', (pages) => {
  async function looksLike(page: Page, file: string): Promise<void> {
    // What counted in the last step is lit for a moment.
    await page.waitForTimeout(1200);
    const now = await page.screenshot();
    if (writes) {
      mkdirSync(kept, { recursive: true });
      writeFileSync(file, now);
      return;
    }
    expect(existsSync(file)).toBe(true);
    const blank = await pages.browser.newPage();
    const pair = JSON.stringify([readFileSync(file).toString('base64'), now.toString('base64')]);
    const part = await blank.evaluate<number>(`(${difference})(${pair})`);
    await blank.close();
    if (part > MOST_DIFFERENT) writeFileSync(file.replace(/\.png$/, '.now.png'), now);
    expect(part).toBeLessThanOrEqual(MOST_DIFFERENT);
  }

  test.each(shots)('$id, $theme, $width px wide', async ({ id, theme, width }) => {
    const page = await pages.open({ hash: `view=${id}`, theme, width, height: width === 390 ? 844 : 800 });
    await prepared[id](page);
    await looksLike(page, join(kept, `${id}-${theme}-${width}.png`));
  });

  test('the picture in README', async () => {
    const page = await pages.open({ height: 760 });
    const command = page.getByLabel('A step of a timeline, in YAML');
    const act = async (line: string, answer: string): Promise<void> => {
      await command.fill(line);
      await command.press('Enter');
      await page.locator('.notice.last').getByText(answer).waitFor();
    };
    await act('latency: {modifyChannel: 500ms}', 'done');
    await runTo(page, '2s', '2.000 000 000 s');
    await page.getByRole('combobox', { name: 'Row' }).selectOption({ label: '39: netvsc' });
    for (const line of [
      'affinity: {irq: 39, cpus: "1"}',
      'affinity: {irq: 44, cpus: "0"}',
      'affinity: {irq: 36, cpus: "0"}',
      'offline: 3',
    ])
      await act(line, `${line} done`);
    await act('offline: 2', 'EBUSY');
    await page.locator('.panels').evaluate((element) => element.scrollTo(0, 0));
    await looksLike(page, join(root, 'docs/page.png'));
  });
});
