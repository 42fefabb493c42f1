import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { deflateRawSync } from 'node:zlib';
import { expect, test } from '@jest/globals';
import { readPageFiles } from '../../../src/serve/page-files.js';
import { answer } from '../../../src/serve/serve-page.js';
import { irqlab } from '../../support/cli.js';
import { describePage, expectFitForAll, root, runTo, shell } from '../../support/page.js';

/** The tabs. The module itself is TSX, which only the page's own build reads. */
const views = [
  ...readFileSync(join(root, 'web/views/index.ts'), 'utf8').matchAll(/id: '(\w+)',\s+title: '([^']+)',/g),
].map(([, id, title]) => ({ id, title }));

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

  test('a link holds what was done by hand, too', async () => {
    const page = await pages.open();
    for (const [time, line] of [
      ['500ms', 'echo 1 > /proc/irq/44/smp_affinity_list'],
      ['1s', 'echo 0 > /sys/devices/system/cpu/cpu2/online'],
    ]) {
      await runTo(page, time, time === '1s' ? '1.000 000 000 s' : '0.500 000 000 s');
      await shell(page, line);
    }
    const there = await shell(page, 'cat /proc/interrupts');
    await page.getByRole('button', { name: 'Share' }).click();
    await page.getByText('Link copied').waitFor();
    const link = new URL(await page.evaluate<string>('navigator.clipboard.readText()'));
    const again = await pages.open({ hash: link.hash.slice(1) });
    await again.locator('.clock', { hasText: '1.000 000 000 s' }).waitFor();
    await again.locator('.notice.last').getByText('EBUSY').waitFor();
    expect(await shell(again, 'cat /proc/interrupts')).toBe(there);
    // A link that cannot be read is none: the page says so, and begins with its own guest.
    const broken = new URLSearchParams(link.hash.slice(1));
    broken.set('done', 'AAAA');
    const without = await pages.open({ hash: String(broken) });
    await without.getByText('The link cannot be read').waitFor();
    expect(await shell(without, 'cat /proc/irq/44/smp_affinity_list')).toBe('3\n');
  });

  test('says what is wrong with a scenario in a link, and shows its own in its place', async () => {
    const s = deflateRawSync('cpus: 0\n').toString('base64url');
    const page = await pages.open({ hash: String(new URLSearchParams({ s })) });
    await page.getByText('line 1, column 7: expected a whole number from 1 to 8192, not 0').waitFor();
    expect(await shell(page, 'cat /sys/devices/system/cpu/possible')).toBe('0-7\n');
  });

  test('asks for nothing once it is loaded: every view works without its server', async () => {
    const files = readPageFiles(pathToFileURL(join(root, 'dist/web/')));
    const unasked = new Set([...files.keys()].filter((path) => path.startsWith('/assets/')));
    const port = (): number => (server.address() as AddressInfo).port;
    const send = answer(files, port);
    const server = createServer((request, response) => {
      unasked.delete(request.url ?? '');
      send(request, response);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const page = await pages.open({ url: `http://127.0.0.1:${port()}/` });
    while (unasked.size > 0) await page.waitForTimeout(100);
    server.close();
    server.closeAllConnections();
    await runTo(page, '1s', '1.000 000 000 s');
    for (const { title } of views) {
      await page.getByRole('tab', { name: title }).click();
      await page.getByRole('tab', { name: title, selected: true }).waitFor();
    }
    await page.getByRole('textbox', { name: 'Scenario in YAML' }).waitFor();
    await page.getByLabel('Text of /proc/interrupts or lsvmbus').fill('no such thing');
    await page.getByRole('button', { name: 'Make a scenario of it' }).click();
    await page.getByText('pasted text 1').waitFor();
    await page.getByRole('tab', { name: 'Races' }).click();
    await page.getByRole('button', { name: 'Search percpu-list sc', exact: true }).click();
    await page.getByText('A minimal interleaving').waitFor();
    await page.getByRole('tab', { name: 'Compare' }).click();
    await page.getByLabel('Vary').selectOption('relid-map');
    await page.getByRole('button', { name: 'Compare', exact: true }).click();
    await page.getByText(/^\* is the scenario’s own choice/).waitFor();
  });

  test('keeps the policy that it states', async () => {
    const page = await pages.open();
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
