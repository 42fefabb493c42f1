import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { races } from '../../../src/races/index.js';
import { irqlab } from '../../support/cli.js';
import { describePage, expectFitForAll, root } from '../../support/page.js';

/** What `irqlab explore` says: as built, since a search that takes long goes to threads, which need that. */
function reported(race: string, variant: string): string {
  const cli = join(root, 'dist/cli/cli.js');
  return execFileSync(process.execPath, [cli, 'explore', race, variant], { encoding: 'utf8' });
}

interface Walked {
  readonly there: readonly string[];
  readonly back: readonly string[];
}

/** Goes through an interleaving by its buttons: where it is at each step, and the guest's state. Runs in the page. */
const walked = `async (pane) => {
  const button = (name) => [...pane.querySelectorAll('button')].find(({ textContent }) => textContent === name);
  const go = async (name) => {
    const seen = [];
    for (;;) {
      seen.push(pane.querySelector('output').textContent + ': ' + pane.querySelector('.state').textContent);
      if (button(name).disabled) return seen;
      button(name).click();
      await new Promise((resolve) => setTimeout(resolve));
    }
  };
  await go('Back');
  return { there: await go('Forward'), back: await go('Back') };
}`;

describePage('Races', (pages) => {
  test('lists the races as the command line does', async () => {
    const page = await pages.open({ hash: 'view=races' });
    const list = page.getByRole('navigation', { name: 'Races' }).getByRole('listitem');
    await list.first().waitFor();
    expect(await list.count()).toBe(races.length);
    await page.getByRole('button', { name: /^modchan-offline/ }).click();
    await page.getByRole('heading', { name: 'modchan-offline', exact: true }).waitFor();
    const rows = page.getByRole('region', { name: 'Variants' }).getByRole('row');
    expect(await rows.count()).toBe(1 + 5);
    expect(await rows.nth(1).textContent()).toContain('nobody waits for the host; it takes 1 ms');
  });

  test('finds what the command line finds, and walks through it, forwards and backwards', async () => {
    const page = await pages.open({ hash: 'view=races' });
    await page.getByRole('button', { name: 'Search percpu-list sc', exact: true }).click();
    const pane = page.getByRole('region', { name: 'relid-map/percpu-list sc' });
    await pane.getByText('A minimal interleaving').waitFor();
    const text = reported('relid-map', 'percpu-list');
    const cells = await pane
      .locator('.lanes tbody tr')
      .evaluateAll((rows) =>
        (rows as unknown as { innerText: string }[]).map((row) =>
          row.innerText.replaceAll(/\s+/g, ' ').trim(),
        ),
      );
    const table = text.split('\n').filter((line) => /^ *\d+ {2}/.test(line));
    expect(cells).toEqual(table.map((line) => line.replaceAll(/\s+/g, ' ').trim()));
    const effort = /^([\d,]+ executions?.*), [\d.]+ s$/m.exec(text)?.[1] ?? 'none';
    expect(await pane.locator('.effort').textContent()).toContain(effort);
    expect(await pane.locator('.conclusion').textContent()).toBe(/^Step .*$/m.exec(text)?.[0]);

    // It begins where it is decided.
    const current = pane.locator('tr[aria-current=step]');
    expect(await current.textContent()).toContain('<== decides');
    const slider = pane.getByRole('slider');
    await slider.focus();
    await page.keyboard.press('Home');
    expect(await pane.locator('.state').textContent()).toMatch(
      /before the first step.*channel 5: CPU 1, opened/,
    );
    expect(await pane.locator('.state .changed').count()).toBe(0);
    const { walked, changed } = await walkThrough();
    expect(walked).toEqual(cells);
    expect(changed.some((count) => count > 0)).toBe(true);
    for (let i = 0; i < cells.length; i++) await page.keyboard.press('ArrowLeft');
    expect(await slider.inputValue()).toBe('0');

    async function walkThrough(): Promise<{ walked: string[]; changed: number[] }> {
      const walked: string[] = [];
      const changed: number[] = [];
      for (let i = 0; i < cells.length; i++) {
        await page.keyboard.press('ArrowRight');
        walked.push((await current.innerText()).replaceAll(/\s+/g, ' ').trim());
        changed.push(await pane.locator('.state .changed').count());
      }
      return { walked, changed };
    }
  });

  test('shows the states that irqlab replay --step prints, in a file that it reads', async () => {
    const page = await pages.open({ hash: 'view=races' });
    await page.getByRole('button', { name: /^modchan-offline/ }).click();
    await page.getByRole('button', { name: 'Search no-wait sc', exact: true }).click();
    const pane = page.getByRole('region', { name: 'modchan-offline/no-wait sc' });
    const saved = page.waitForEvent('download');
    await pane.getByRole('button', { name: 'Save for irqlab replay' }).click();
    const file = await (await saved).path();
    const { status, out } = await irqlab(['replay', file, '--step']);
    expect(status).toBe(0);
    const parts = out.split('\n\n').slice(1);
    expect(parts[0]).toMatch(/^at the start/);
    const slider = pane.getByRole('slider');
    await slider.focus();
    await page.keyboard.press('Home');
    for (const part of parts.filter((each) => /^(at the start|\d+\. )/.test(each))) {
      const lines = part.split('\n').slice(1);
      const shown = await pane
        .locator('.state li')
        .evaluateAll((items) =>
          (items as unknown as { className: string; firstChild: { textContent: string } }[]).map(
            (item) => `  ${item.className === 'changed' ? '*' : ' '} ${item.firstChild.textContent}`,
          ),
        );
      expect(shown).toEqual(lines);
      await page.keyboard.press('ArrowDown');
    }
    expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({ model: 'modchan-offline/no-wait' });
  });

  test('shows two variants beside each other, and that a fix holds', async () => {
    const page = await pages.open({ hash: 'view=races' });
    await page.getByRole('button', { name: 'Search percpu-list sc', exact: true }).click();
    await page.getByRole('button', { name: 'Show irqdomain sc beside the other' }).click();
    const fixed = page.getByRole('region', { name: 'relid-map/irqdomain sc' });
    await fixed.getByText('It holds in all executions.').waitFor();
    expect(await fixed.getByText('yes: the event arrived after the move').count()).toBe(1);
    const effort = /^[\d,]+ executions?.*?, [\d,]+ steps/m.exec(reported('relid-map', 'irqdomain'))?.[0];
    expect(await fixed.locator('.effort').textContent()).toContain(effort);
    await page.getByRole('region', { name: 'relid-map/percpu-list sc' }).waitFor();
    await fixed.getByRole('button', { name: 'Close' }).click();
    await fixed.waitFor({ state: 'detached' });
  });

  test('tells how far a search has come, and ends it', async () => {
    const page = await pages.open({ hash: 'view=races' });
    await page.getByRole('button', { name: /^level-irqfd/ }).click();
    await page.getByRole('button', { name: 'Search own-source-id sc', exact: true }).click();
    const pane = page.getByRole('region', { name: 'level-irqfd/own-source-id sc' });
    await pane.getByText(/^[1-9][\d,]* executions in \d+ s …$/).waitFor();
    await page.getByRole('button', { name: 'Stop own-source-id sc' }).click();
    await pane.getByText(/stopped after [\d,]+ executions: no verdict/).waitFor();
  });

  test('draws of each race what must not happen', async () => {
    const page = await pages.open({ hash: 'view=races' });
    const drawing = page.getByRole('region', { name: 'What must not happen' });
    for (const { id } of races) {
      await page.getByRole('button', { name: new RegExp(`^${id}\\b(?!-)`) }).click();
      await page.getByRole('heading', { name: id, exact: true }).waitFor();
      expect(await drawing.textContent()).toMatch(/^Forbidden.*:/m);
    }
  });

  test('walks forwards and backwards through what is found in each race', async () => {
    const page = await pages.open({ hash: 'view=races' });
    for (const race of races) {
      const found = race.variants.find(({ expected }) => expected === 'found');
      if (found === undefined) continue;
      await page.getByRole('button', { name: new RegExp(`^${race.id}\\b(?!-)`) }).click();
      await page.getByRole('button', { name: `Search ${found.name} ${found.memory}`, exact: true }).click();
      const pane = page.getByRole('region', { name: `${race.id}/${found.name} ${found.memory}` });
      await pane.getByRole('slider').waitFor();
      const { there, back } = await page.evaluate<Walked>(`(${walked})(document.querySelector('.result'))`);
      expect(there.length).toBe(1 + (await pane.locator('.lanes tbody tr').count()));
      expect(back).toEqual(there.toReversed());
    }
  });

  test.each([
    { width: 1280, theme: 'light' as const },
    { width: 390, theme: 'dark' as const },
  ])('can be used by everybody: $width pixels, $theme', async ({ width, theme }) => {
    const page = await pages.open({ hash: 'view=races', width, theme });
    await page.getByRole('button', { name: 'Search percpu-list sc', exact: true }).click();
    await page.getByText('A minimal interleaving').waitFor();
    await expectFitForAll(page);
  });
});
