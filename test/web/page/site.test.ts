import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Browser, chromium, type Page } from 'playwright-core';
import { chromiumPath, obstacleOf, root } from '../../support/page.js';

const index = join(root, 'build/site/index.html');
const reason = obstacleOf(existsSync(index) ? undefined : 'build/site is missing: npm run docs');

/** As somebody has it who has unpacked an archive: no server. */
describe('the site, from files', () => {
  if (reason !== undefined) {
    test.skip(`skipped: ${reason}`, () => {});
    return;
  }
  let browser: Browser;
  let page: Page;
  const wrong: string[] = [];

  beforeAll(async () => {
    browser = await chromium.launch({ executablePath: chromiumPath, args: ['--no-sandbox'] });
    page = await browser.newPage();
    page.on('pageerror', ({ message }) => wrong.push(message));
    page.setDefaultTimeout(20_000);
    await page.goto(pathToFileURL(index).href);
  });
  afterAll(() => browser.close());

  test('begins with README', async () => {
    await page.getByRole('heading', { name: 'irqlab', exact: true }).first().waitFor();
  });

  test('finds words of pages and names of the library', async () => {
    for (const [word, found] of [
      ['sosreport', /Bring your own machine/],
      ['MemoryWord', /MemoryWord/],
    ] as const) {
      await page.locator('#tsd-search-trigger').click();
      await page.locator('#tsd-search-input').fill(word);
      await page.locator('#tsd-search-results li').filter({ hasText: found }).first().waitFor();
      await page.keyboard.press('Escape');
    }
  });

  test('is dark or light, as one likes', async () => {
    const background = (): Promise<string> =>
      page.evaluate('getComputedStyle(document.body).backgroundColor') as Promise<string>;
    await page.getByText('Settings', { exact: true }).click();
    const seen = [];
    for (const theme of ['light', 'dark']) {
      await page.locator('#tsd-theme').selectOption(theme);
      seen.push(await background());
    }
    expect(new Set(seen).size).toBe(2);
  });

  test('leads to the tutorials, and from there into the lab', async () => {
    await page.goto(new URL('documents/Tutorials.genirq_in_ten_machines.html', pathToFileURL(index)).href);
    const links = page.getByRole('link', { name: 'Open it in the lab' });
    expect(await links.count()).toBe(10);
    expect(await links.first().getAttribute('href')).toMatch(/^\.\.\/lab\/index\.html#view=machine&/);
  });

  test('has no script that fails', () => {
    expect(wrong).toEqual([]);
  });
});
