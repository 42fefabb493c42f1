import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import type { Page } from 'playwright-core';
import type { TimelineEvent } from '../../../src/guest/timeline.js';
import { describePage, expectFitForAll, runTo, shell } from '../../support/page.js';

/** What the page saves when a button is pressed. */
async function saved(page: Page, button: string): Promise<string> {
  const download = page.waitForEvent('download');
  await page.getByRole('button', { name: button }).click();
  return readFileSync(await (await download).path(), 'utf8');
}

async function traced(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Trace', exact: true }).click();
  await page.getByText('Nothing has happened yet').waitFor();
  await runTo(page, '20ms', '0.020 000 000 s');
  await page.getByText(/^[1-9]\d* events$/).waitFor();
  await page.getByRole('button', { name: 'Stop tracing' }).click();
  await page.getByRole('button', { name: 'Trace', exact: true }).waitFor();
}

describePage('Timeline', (pages) => {
  test('draws what the trace has, which is saved for Perfetto and as ftrace prints it', async () => {
    const page = await pages.open({ hash: 'view=timeline' });
    await traced(page);
    const { traceEvents } = JSON.parse(await saved(page, 'Save for Perfetto')) as {
      traceEvents: readonly TimelineEvent[];
    };
    const drawn = traceEvents.filter(({ ph }) => ph === 'X' || ph === 'i');
    expect(drawn.length).toBeGreaterThan(50);
    expect(traceEvents.some(({ ph }) => ph === 'f')).toBe(true);
    await page.getByText(`${drawn.length} events`, { exact: true }).waitFor();
    const text = await saved(page, 'Save as ftrace text');
    expect(text).toMatch(/^# tracer: nop\n/);
    expect(text).toContain('irq_handler_entry: ');
    // Nothing is traced any more.
    await runTo(page, '30ms', '0.030 000 000 s');
    expect(await saved(page, 'Save as ftrace text')).toBe(text);
  });

  test('goes from event to event, and closer, by keyboard alone', async () => {
    const page = await pages.open({ hash: 'view=timeline' });
    await traced(page);
    await page.getByRole('button', { name: 'Next event' }).focus();
    await page.keyboard.press('Enter');
    const first = await page.locator('.chosen').textContent();
    await page.keyboard.press('Enter');
    expect(await page.locator('.chosen').textContent()).not.toBe(first);
    expect(first).toMatch(/^\d+\.\d{9} s, .*: \w+/);
    const lanes = page.getByRole('region', { name: /^Lanes CPU 0/ });
    const label = async (): Promise<string> => (await lanes.getAttribute('aria-label')) ?? '';
    const whole = await label();
    expect(whole).toContain('channel ');
    await lanes.focus();
    await page.keyboard.press('+');
    const closer = await label();
    expect(closer).not.toBe(whole);
    await page.keyboard.press('ArrowRight');
    expect(await label()).not.toBe(closer);
    await page.keyboard.press('-');
    await page.getByRole('button', { name: 'All' }).click();
    expect(await label()).toBe(whole);
  });

  test('turns off what it has turned on, and nothing else', async () => {
    const page = await pages.open({ hash: 'view=timeline' });
    expect(await shell(page, 'echo irq:softirq_raise > /sys/kernel/tracing/set_event')).toBe('');
    await page.getByRole('tab', { name: 'Timeline' }).click();
    await traced(page);
    expect(await shell(page, 'cat /sys/kernel/tracing/set_event')).toBe('irq:softirq_raise\n');
    await page.getByRole('tab', { name: 'Timeline' }).click();
    await page.getByLabel('Events', { exact: true }).fill('sched,irq:nothing');
    await page.getByRole('button', { name: 'Trace', exact: true }).click();
    await page.getByRole('alert').getByText('EINVAL').waitFor();
    expect(await shell(page, 'cat /sys/kernel/tracing/set_event')).toBe('irq:softirq_raise\n');
  });

  test('says what an event of an unknown name is', async () => {
    const page = await pages.open({ hash: 'view=timeline' });
    await page.getByLabel('Events', { exact: true }).fill('irq:nothing');
    await page.getByRole('button', { name: 'Trace', exact: true }).click();
    await page.getByRole('alert').getByText('EINVAL').waitFor();
  });

  test.each([
    { width: 1280, theme: 'light' as const },
    { width: 390, theme: 'dark' as const },
  ])('can be used by everybody: $width pixels, $theme', async ({ width, theme }) => {
    const page = await pages.open({ hash: 'view=timeline', width, theme });
    await traced(page);
    await page.locator('.lane-canvas canvas').hover({ position: { x: 200, y: 40 } });
    await expectFitForAll(page);
  });
});
