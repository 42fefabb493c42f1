import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import type { Page } from 'playwright-core';
import { schemaComment } from '../../../src/command/schema-comment.js';
import { ScenarioError } from '../../../src/scenario/diagnostics.js';
import { parseScenario } from '../../../src/scenario/load.js';
import { irqlab } from '../../support/cli.js';
import { describePage, expectFitForAll, root } from '../../support/page.js';

const wrong = 'cpus: 2\ndevices:\n  - {driver: netvsc, relid: 70000}\nbogus: 3\n';

async function write(page: Page, text: string): Promise<void> {
  await page.getByRole('textbox', { name: 'Scenario in YAML' }).click();
  await page.keyboard.press('Control+a');
  // Pasted, as long texts are: what Playwright inserts goes past the editor, into the page's elements.
  await page.evaluate(`{
    const clipboardData = new DataTransfer();
    clipboardData.setData('text/plain', ${JSON.stringify(text)});
    const paste = new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true });
    document.querySelector('.editor-host').shadowRoot.querySelector('.cm-content').dispatchEvent(paste);
  }`);
}

/** What the editor suggests to go on with. */
async function suggested(page: Page): Promise<readonly string[]> {
  await page.keyboard.press('Control+Space');
  await page.locator('.cm-completionLabel').first().waitFor();
  return page.locator('.cm-completionLabel').allTextContents();
}

describePage('Scenario', (pages) => {
  test('says what is wrong where the command line says it', async () => {
    const page = await pages.open({ hash: 'view=scenario' });
    await write(page, wrong);
    const problems = page.getByRole('status', { name: 'Problems' });
    await problems.getByText('bogus').waitFor();
    const shown = await problems.getByRole('button').allTextContents();
    const said = diagnostics(wrong).map((text) => `rfc-gen2-8vcpu.yaml:${text}`);
    expect(shown).toEqual(said);
    expect(shown.length).toBe(2);
    await page.locator('.cm-lint-marker-error').first().waitFor();
    expect(await page.getByRole('button', { name: 'Run it' }).isDisabled()).toBe(true);
  });

  test('suggests the words of the schema', async () => {
    const page = await pages.open({ hash: 'view=scenario' });
    await write(page, 'cpus: 2\nker');
    expect(await suggested(page)).toContain('kernel');
    await page.keyboard.press('Enter');
    await write(page, 'cpus: 2\ndevices:\n  - {driver: stor');
    expect(await suggested(page)).toEqual(['storvsc']);
    await page.keyboard.press('Enter');
    await write(page, 'cpus: 2\ntimeline:\n  - {at: 1s, aff');
    expect(await suggested(page)).toEqual(['affinity']);
    await write(page, 'design:\n  relidMap: ');
    expect(await suggested(page)).toEqual(expect.arrayContaining(['irqdomain', 'array', 'percpu-list']));
  });

  test('runs what was written, whatever letters are in it', async () => {
    const page = await pages.open({ hash: 'view=scenario' });
    await page.getByRole('textbox', { name: 'Scenario in YAML' }).click();
    await page.keyboard.press('Control+a');
    // Each key by itself: n, r and Space are keys of the page.
    await page.keyboard.type('cpus: 3 # n r n r', { delay: 5 });
    expect(await page.getByLabel('Time since booting', { exact: true }).textContent()).toMatch(/^0\.000/);
    await page.getByText('No problems.').waitFor();
    await page.keyboard.press('Control+Enter');
    await page.getByRole('tab', { name: 'Files' }).click();
    await page
      .getByText(/^ +CPU0 +CPU1 +CPU2 +$/m)
      .first()
      .waitFor();
  });

  test('makes a scenario of a pasted /proc/interrupts, as irqlab import does', async () => {
    const page = await pages.open({ hash: 'view=scenario' });
    const { out } = await irqlab(['run', 'examples/arm64-4vcpu.yaml']);
    await page.getByLabel('Text of /proc/interrupts or lsvmbus').fill(out);
    await page.getByRole('button', { name: 'Make a scenario of it' }).click();
    await page.getByText('its guest shows the same').waitFor();
    await page.getByText('No problems.').waitFor();
    const saved = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Save', exact: true }).click();
    const file = await (await saved).path();
    expect(readFileSync(file, 'utf8')).toContain('arch: arm64');
    expect((await irqlab(['run', file])).out).toBe(out);
  });

  test.each(['recording.tar.gz', 'sosreport.tar.xz'])(
    'makes a scenario of a whole %s, as irqlab import does',
    async (name) => {
      const page = await pages.open({ hash: 'view=scenario' });
      const path = join(root, 'examples/slow-vm', name);
      await page.getByLabel('Files of a machine, or a scenario').setInputFiles(path);
      await page.getByText('its guest shows the same').waitFor();
      const saved = page.waitForEvent('download');
      await page.getByRole('button', { name: 'Save', exact: true }).click();
      const { out, err } = await irqlab(['import', path]);
      // Only where the package lies can an editor be told of its schema.
      expect(schemaComment() + readFileSync(await (await saved).path(), 'utf8')).toBe(out);
      const findings = page.getByRole('region', { name: 'What was made of the recording' });
      expect(await findings.textContent()).toBe(err);
      await expectFitForAll(page);
    },
  );

  test('takes a recording that is dropped, and says what is wrong with one as the command line does', async () => {
    const page = await pages.open({ hash: 'view=scenario' });
    const bytes = readFileSync(join(root, 'examples/slow-vm/recording.tar.gz'));
    const drop = (name: string, dropped: Buffer): Promise<void> =>
      page.evaluate(`{
        const dataTransfer = new DataTransfer();
        const bytes = Uint8Array.from(atob('${dropped.toString('base64')}'), (c) => c.charCodeAt(0));
        dataTransfer.items.add(new File([bytes], '${name}'));
        document.querySelector('.own').dispatchEvent(new DragEvent('drop', { dataTransfer, bubbles: true, cancelable: true }));
      }`);
    await drop('cut.tar.gz', bytes.subarray(0, 500));
    await page.getByText(/^cut\.tar\.gz: gzip cannot unpack it, it is cut or damaged/).waitFor();
    await drop('whole.tar.gz', bytes);
    await page.getByText('its guest shows the same').waitFor();
    await page.getByLabel('Files of a machine, or a scenario').setInputFiles([
      { name: 'whole.tar.gz', mimeType: '', buffer: bytes },
      { name: 'interrupts', mimeType: '', buffer: Buffer.from('') },
    ]);
    await page.getByText('whole.tar.gz is a whole recording: it goes with no other file').waitFor();
  });

  test('says where a pasted text is not understood', async () => {
    const page = await pages.open({ hash: 'view=scenario' });
    await page.getByLabel('Text of /proc/interrupts or lsvmbus').fill('           CPU0       \n  1:  what\n');
    await page.getByRole('button', { name: 'Make a scenario of it' }).click();
    await page.getByText(/^pasted text 1:2:\d+: expected /).waitFor();
  });

  test.each([
    { width: 1280, theme: 'dark' as const },
    { width: 390, theme: 'light' as const },
  ])('can be used by everybody: $width pixels, $theme', async ({ width, theme }) => {
    const page = await pages.open({ hash: 'view=scenario', width, theme });
    await write(page, wrong);
    await page.locator('.cm-lint-marker-error').first().waitFor();
    await expectFitForAll(page);
  });
});

/** What the command line says, behind the file's name. */
function diagnostics(text: string): readonly string[] {
  try {
    parseScenario(text, 'a.yaml');
    return [];
  } catch (error) {
    if (!(error instanceof ScenarioError)) throw error;
    return error.diagnostics.map(({ place, message }) => `${place.line}:${place.column}: ${message}`);
  }
}
