import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Browser, chromium, type Page } from 'playwright-core';
import { chromiumPath, obstacleOf, root } from '../../support/page.js';

const index = join(root, 'build/site/index.html');
const reason = obstacleOf(existsSync(index) ? undefined : 'build/site is missing: npm run docs');

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
};

/** What any web server does with a folder of files. */
function answer({ url = '/' }: IncomingMessage, response: ServerResponse): void {
  const path = join(root, 'build/site', decodeURIComponent(new URL(url, 'http://site').pathname));
  if (existsSync(path))
    response.writeHead(200, { 'content-type': types[extname(path)] ?? 'text/plain' }).end(readFileSync(path));
  else response.writeHead(404).end();
}

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

  const machines = 'documents/Tutorials.genirq_in_ten_machines.html';

  test('says what the lab needs that is in the tutorials', async () => {
    await page.goto(new URL(machines, pathToFileURL(index)).href);
    await page.getByText('where a web server serves the site, for example').waitFor();
    expect(await page.getByRole('link', { name: 'Open it in the lab' }).count()).toBe(0);
  });

  test('runs each machine of the tutorial in the page, from a server', async () => {
    const server = createServer(answer).listen(0, '127.0.0.1');
    await once(server, 'listening');
    try {
      const { port } = server.address() as AddressInfo;
      await page.goto(`http://127.0.0.1:${port}/${machines}`);
      expect(await page.getByRole('link', { name: 'Open it in the lab' }).count()).toBe(10);
      const run = page.getByRole('button', { name: 'Run it here' });
      expect(await run.count()).toBe(10);
      await run.nth(1).click();
      const lab = page.frameLocator('iframe.lab');
      await lab.locator('option', { hasText: 'eth0' }).first().waitFor({ state: 'attached' });
      await page.getByRole('button', { name: 'Close it' }).click();
      expect(await page.locator('iframe').count()).toBe(0);
    } finally {
      server.close();
      server.closeAllConnections();
    }
  });

  test('has no script that fails', () => {
    expect(wrong).toEqual([]);
  });
});
