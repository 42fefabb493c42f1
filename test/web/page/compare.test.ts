import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { irqlab } from '../../support/cli.js';
import { describePage, expectFitForAll, root } from '../../support/page.js';

const file = 'examples/compare-offline.yaml';

/** Words of the lines of the table that the command line prints. */
async function printed(axis: string): Promise<readonly string[]> {
  const { out } = await irqlab(['compare', join(root, file), '--vary', axis]);
  const [, ...parts] = out.split('\n\n');
  return (parts[0] ?? '').trim().split('\n').map(words);
}

function words(line: string): string {
  return line.replaceAll(/\s+/g, ' ').trim();
}

describePage(
  'Compare',
  (pages) => {
    test.each(['relid-map', 'modify-channel'])('shows by %s what irqlab compare prints', async (axis) => {
      const page = await pages.open({ hash: 'view=compare' });
      await page.getByLabel('Vary').selectOption(axis);
      await page.getByRole('button', { name: 'Compare', exact: true }).click();
      await page.getByText(/once for each/).waitFor();
      const table = page.getByRole('region', { name: `by ${axis}` }).getByRole('row');
      const expected = await printed(axis);
      await table.nth(expected.length - 1).waitFor();
      const shown = await table.evaluateAll((rows) =>
        (rows as unknown as { innerText: string }[]).map(({ innerText }) => innerText),
      );
      expect(shown.map(words)).toEqual(expected);
    });

    test('draws what the choices differ in', async () => {
      const page = await pages.open({ hash: 'view=compare' });
      await page.getByLabel('Vary').selectOption('modify-channel');
      await page.getByRole('button', { name: 'Compare', exact: true }).click();
      const lost = page.getByRole('img', { name: /^events lost: .*: .*no-wait [1-9]/ });
      await lost.waitFor();
      expect(await lost.getAttribute('aria-label')).toMatch(/wait-on-offline 0/);
    });

    test('compares the scenario that was chosen last, and says which it was', async () => {
      const page = await pages.open({ hash: 'view=compare' });
      await page.getByRole('combobox', { name: 'Scenario' }).selectOption('cpu-offline.yaml');
      await page.getByLabel('Vary').selectOption('modify-channel');
      await page.getByRole('button', { name: 'Compare', exact: true }).click();
      await page.getByRole('heading', { name: 'cpu-offline.yaml by modify-channel' }).waitFor();
      const { out } = await irqlab([
        'compare',
        join(root, 'examples/cpu-offline.yaml'),
        '--vary',
        'modify-channel',
      ]);
      const [, own = ''] = /^\* (.*)$/m.exec(out) ?? [];
      const row = page.getByRole('row', { name: words(own).split(' ')[0] }).first();
      expect(words((await row.innerText()).replace('*', ''))).toBe(words(own));
    });

    test('says why an axis cannot be varied', async () => {
      const page = await pages.open({ hash: 'view=compare' });
      await page.getByLabel('Vary').selectOption('irqfd-source');
      await page.getByText('a guest without "kvm" has no irqfds to vary').waitFor();
      expect(await page.getByRole('button', { name: 'Compare', exact: true }).isDisabled()).toBe(true);
    });

    test.each([
      { width: 1280, theme: 'dark' as const },
      { width: 390, theme: 'light' as const },
    ])('can be used by everybody: $width pixels, $theme', async ({ width, theme }) => {
      const page = await pages.open({ hash: 'view=compare', width, theme });
      await page.getByLabel('Vary').selectOption('modify-channel');
      await page.getByRole('button', { name: 'Compare', exact: true }).click();
      await page.getByText(/^\* is the scenario’s own choice/).waitFor();
      await page.getByText(/once for each/).waitFor();
      await expectFitForAll(page);
    });
  },
  join(root, file),
);
