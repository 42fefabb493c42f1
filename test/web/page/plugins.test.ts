import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { irqlab } from '../../support/cli.js';
import { describePage, root, runTo, shell } from '../../support/page.js';

const sensor = join(root, 'examples/plugin-driver/sensor.yaml');
const driver = join(root, 'dist/examples/plugin-driver/plugin.js');
const example = (name: string): string => join(root, 'examples', name, 'plugin.js');
const fixture = (name: string): string => join(root, 'test/web/page/plugins', name);
const plugins = (files: readonly string[]): string[] => files.flatMap((file) => ['--plugin', file]);

describePage(
  'a page with plug-ins',
  (pages) => {
    test("has the rows of a plug-in's driver and irqdomain, counted as by irqlab cat", async () => {
      const page = await pages.open();
      await runTo(page, '1s', '1.000 000 000 s');
      const shown = await shell(page, 'cat /proc/interrupts');
      expect(shown).toMatch(/BUTTONS +0 +button0\n(.*\n)*.*VMBus +41 +sensor1\n/);
      const { out } = await irqlab([
        ...['cat', sensor, '/proc/interrupts', '--at', '1s'],
        ...plugins([driver]),
      ]);
      expect(shown).toBe(out);
    });

    test('has files of a plug-in in TypeScript, of several modules', async () => {
      const page = await pages.open();
      await runTo(page, '1.5s', '1.500 000 000 s');
      expect(await shell(page, 'cat /proc/own_uptime')).toMatch(/^1\.5\d*\n$/);
    });

    test('does the actions of plug-ins, and has their words', async () => {
      const page = await pages.open({ hash: 'view=machine' });
      await page.locator('datalist option[value="flap: "]').waitFor({ state: 'attached' });
      const command = page.getByLabel('A step of a timeline, in YAML');
      await command.fill('{flap: 1, often: 2}');
      await command.press('Enter');
      await page.locator('.notice.last').getByText('done').waitFor();
      await page.getByRole('tab', { name: 'Scenario' }).click();
      const text = page.getByRole('textbox', { name: 'Scenario in YAML' });
      await text.click();
      await page.keyboard.press('Control+End');
      await page.keyboard.type('design:\n  relidMap: ha');
      await page.keyboard.press('Control+Space');
      await page.locator('.cm-completionLabel').getByText('hash').waitFor();
      await page.keyboard.press('Enter');
      await page.getByRole('status', { name: 'Problems' }).getByText('No problems.').waitFor();
    });

    test('compares their designs, and explores their races', async () => {
      const page = await pages.open({ hash: 'view=compare' });
      await page.getByLabel('Vary').selectOption('relid-map');
      await page.getByRole('button', { name: 'Compare', exact: true }).click();
      await page.getByRole('region', { name: 'by relid-map' }).getByText('hash').waitFor();
      await page.getByText(/once for each/).waitFor();
      await page.getByRole('tab', { name: 'Races' }).click();
      await page.getByRole('button', { name: 'shared-count' }).click();
      await page.getByRole('button', { name: 'Search plain sc', exact: true }).click();
      await page.getByText('2 events, counted 1').first().waitFor();
    });

    test('says that a plug-in threw', async () => {
      const page = await pages.browser.newPage();
      await page.goto(pages.url);
      await page.locator('.clock:not(:empty)').waitFor();
      const command = page.getByLabel('A step of a timeline, in YAML');
      await command.fill('{explode: 1}');
      await command.press('Enter');
      const notice = page.getByRole('alert');
      await notice.getByText('A plug-in is wrong').waitFor();
      expect(await notice.textContent()).toMatch(/TypeError: exploded\s+at .*\/plug-ins\/\d+\/throws\.js:10/);
      await page.close();
    });
  },
  ...[
    sensor,
    ...plugins([
      driver,
      ...['plugin-relid-map', 'plugin-scenario-action', 'plugin-race'].map(example),
      ...['uptime.ts', 'throws.js'].map(fixture),
    ]),
  ],
);

describePage(
  'a page with a plug-in for Node',
  (pages) => {
    test('says what it lacks', async () => {
      const page = await pages.browser.newPage();
      await page.goto(pages.url);
      const notice = page.getByRole('alert');
      await notice.getByText('A plug-in is wrong').waitFor();
      expect(await notice.textContent()).toContain(
        `plug-in ${fixture('wants-node.js')}: ReferenceError: process is not defined`,
      );
      await page.close();
    });
  },
  ...plugins([fixture('wants-node.js')]),
);
