import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { deflateRawSync, gzipSync } from 'node:zlib';
import { expect, test } from '@jest/globals';
import { irqlab } from '../../support/cli.js';
import { describePage, expectFitForAll, root, runTo, shell } from '../../support/page.js';

/** What users load, in bytes as servers compress it. */
const MOST_BYTES = 400_000;

/** The tabs. The module itself is TSX, which only the page's own build reads. */
const views = [
  ...readFileSync(join(root, 'web/views/index.ts'), 'utf8').matchAll(
    /id: '(\w+)',\s+title: '([^']+)',(\s+isLarge: true)?/g,
  ),
].map(([, id, title, isLarge]) => ({ id, title, isLarge: isLarge !== undefined }));

describePage('the page', (pages) => {
  test('shows the same /proc/interrupts as the command line, of a scenario in a link', async () => {
    const file = 'examples/channel-affinity.yaml';
    const text = readFileSync(join(root, file), 'utf8');
    const s = deflateRawSync(text).toString('base64url');
    const page = await pages.open({ hash: String(new URLSearchParams({ name: 'shared.yaml', s })) });
    await page.getByText('shared.yaml (your own)').waitFor({ state: 'attached' });
    await runTo(page, '3s', '3.000 000 000 s');
    const { out } = await irqlab(['cat', join(root, file), '--at', '3s', '/proc/interrupts']);
    expect(await shell(page, 'cat /proc/interrupts')).toBe(out);
    // And the link that the page makes holds the same scenario.
    await page.getByRole('button', { name: 'Share' }).click();
    await page.getByText('Link copied').waitFor();
    const link = new URL(await page.evaluate<string>('navigator.clipboard.readText()'));
    const again = await pages.open({ hash: link.hash.slice(1) });
    await runTo(again, '3s', '3.000 000 000 s');
    expect(await shell(again, 'cat /proc/interrupts')).toBe(out);
  });

  test('says what is wrong with a scenario in a link, and shows its own in its place', async () => {
    const s = deflateRawSync('cpus: 0\n').toString('base64url');
    const page = await pages.open({ hash: String(new URLSearchParams({ s })) });
    await page.getByText('line 1, column 7: expected a whole number from 1 to 8192, not 0').waitFor();
    expect(await shell(page, 'cat /sys/devices/system/cpu/possible')).toBe('0-7\n');
  });

  test('asks for nothing once it is loaded, and keeps the policy that it states', async () => {
    const page = await pages.open();
    await page.waitForLoadState('networkidle');
    const asked: string[] = [];
    // The tab's icon belongs to the page, too; browsers ask for it when they like.
    page.on('request', (request) => {
      if (!request.url().includes('/icon-')) asked.push(request.url());
    });
    for (const { title } of views.filter(({ isLarge }) => !isLarge))
      await page.getByRole('tab', { name: title }).click();
    await runTo(page, '1s', '1.000 000 000 s');
    expect(asked).toEqual([]);
    const blocked = `new Promise((resolve) => {
      addEventListener('securitypolicyviolation', ({ violatedDirective }) => resolve(violatedDirective));
      const script = document.createElement('script');
      script.textContent = 'document.title = "not ours"';
      document.head.append(script);
    })`;
    const policy = await page.evaluate<string>(
      `document.querySelector('meta[http-equiv="Content-Security-Policy"]').content`,
    );
    expect(policy).toBe(
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'none'",
    );
    // The browser tells of it on its console, as it must: that is what is asked for here.
    page.removeAllListeners('console');
    expect(await page.evaluate(blocked)).toBe('script-src-elem');
    expect(await page.title()).toBe('irqlab');
    expect(await page.evaluate(`fetch('https://example.org/').then(() => 'sent', () => 'refused')`)).toBe(
      'refused',
    );
  });

  test('loads no more than 400 kB, compressed', async () => {
    const context = await pages.browser.newContext();
    const page = await context.newPage();
    const loaded = new Map<string, Promise<Buffer>>();
    page.on('response', (response) => loaded.set(response.url(), response.body()));
    await page.goto(pages.url);
    await page.waitForLoadState('networkidle');
    const bodies = await Promise.all(loaded.values());
    await context.close();
    expect([...loaded.keys()].some((url) => url.includes('/start-'))).toBe(true);
    expect(bodies.reduce((sum, body) => sum + gzipSync(body).length, 0)).toBeLessThanOrEqual(MOST_BYTES);
  });

  const looks = (['light', 'dark'] as const).flatMap((theme) =>
    [1280, 390].flatMap((width) => views.map(({ id }) => ({ id, theme, width }))),
  );

  test.each(looks)(
    '$id, $theme, $width px wide: axe finds no serious fault',
    async ({ id, theme, width }) => {
      const page = await pages.open({ hash: `view=${id}`, theme, width });
      await runTo(page, '1s', '1.000 000 000 s');
      await expectFitForAll(page);
    },
  );
});
