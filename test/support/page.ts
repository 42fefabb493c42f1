import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect } from '@jest/globals';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';

// Tests that drive the built page in Debian's Chromium. They run when IRQLAB_WEB is set: 1 skips what this machine
// cannot do and says why, all fails then.

const wish = process.env['IRQLAB_WEB'];
export const root = new URL('../..', import.meta.url).pathname;
const cli = join(root, 'dist/cli/cli.js');
export const chromiumPath = process.env['CHROMIUM'] ?? '/usr/bin/chromium';

/**
 * Why tests cannot run that need a browser; undefined: they can.
 *
 * @param missing what else they lack
 * @throws Error if nothing may be missing
 */
export function obstacleOf(missing: string | undefined): string | undefined {
  if (wish === undefined) return 'IRQLAB_WEB is not set';
  const reason =
    missing ?? (existsSync(chromiumPath) ? undefined : `not installed: chromium (no ${chromiumPath})`);
  if (reason !== undefined && wish === 'all') throw new Error(reason);
  return reason;
}

export interface OpenOptions {
  /** Default: where `irqlab web` serves the page. */
  readonly url?: string;
  /** Behind the address: `view=files`. */
  readonly hash?: string;
  readonly width?: number;
  readonly height?: number;
  readonly theme?: 'light' | 'dark';
  /** There is a screen to touch. Default false. */
  readonly hasTouch?: boolean;
}

/** What tests of the page have: a browser, and `irqlab web` beside it. */
export interface Pages {
  /** Where `irqlab web` serves the page. */
  readonly url: string;
  readonly browser: Browser;
  /** Opens the page, and waits until its guest has booted. What is told on its console as wrong fails the test. */
  open(options?: OpenOptions): Promise<Page>;
}

/** Tests that need the built page and a browser. @param args of `irqlab web`: a scenario, plug-ins. */
export function describePage(name: string, tests: (pages: Pages) => void, ...args: readonly string[]): void {
  const page = join(root, 'dist/web/index.html');
  const reason = obstacleOf(existsSync(page) ? undefined : 'dist/web is missing: npm run web');
  if (reason === undefined) describe(name, () => tests(openedPages(args)));
  else describe.skip(`${name} (skipped: ${reason})`, () => tests(openedPages(args)));
}

function openedPages(args: readonly string[]): Pages {
  let server: ChildProcess;
  let browser: Browser;
  let url = '';
  let contexts: BrowserContext[] = [];
  let wrong: string[] = [];
  beforeAll(async () => {
    server = spawn(process.execPath, [cli, 'web', ...args], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    url = await new Promise<string>((resolve) =>
      server.stdout?.once('data', (data: Buffer) => resolve(data.toString().trim())),
    );
    browser = await chromium.launch({ executablePath: chromiumPath, args: ['--no-sandbox'] });
  });
  afterEach(async () => {
    for (const context of contexts) await context.close();
    contexts = [];
    const told = wrong;
    wrong = [];
    expect(told).toEqual([]);
  });
  afterAll(async () => {
    await browser.close();
    server.kill('SIGINT');
  });
  return {
    get url() {
      return url;
    },
    get browser() {
      return browser;
    },
    async open({
      url: given = url,
      hash = '',
      width = 1280,
      height = 800,
      theme = 'light',
      hasTouch = false,
    } = {}) {
      const context = await browser.newContext({ viewport: { width, height }, colorScheme: theme, hasTouch });
      contexts.push(context);
      await context.grantPermissions(['clipboard-read', 'clipboard-write']);
      const page = await context.newPage();
      page.on('pageerror', ({ message }) => wrong.push(message));
      page.on('console', (message) => {
        if (['error', 'warning'].includes(message.type())) wrong.push(message.text());
      });
      await page.goto(hash === '' ? given : `${given}#${hash}`);
      await page.getByRole('tab').first().waitFor();
      await page.locator('.clock:not(:empty)').waitFor();
      return page;
    },
  };
}

/** Lets the guest run to a time, and waits until it is there. */
export async function runTo(page: Page, time: string, clock: string): Promise<void> {
  await page.getByLabel('Time since booting to run to').fill(time);
  await page.getByRole('button', { name: 'Run to' }).click();
  await page.locator('.clock', { hasText: clock }).waitFor();
}

/** Has a line of shell carried out. @returns what it printed. */
export async function shell(page: Page, line: string): Promise<string> {
  await page.getByRole('tab', { name: 'Files' }).click();
  const output = page.getByRole('log', { name: 'What the shell printed' });
  const before = ((await output.textContent()) ?? '').length;
  const prompt = `# ${line}\n`;
  await page.getByLabel('Line of shell').fill(line);
  await page.getByLabel('Line of shell').press('Enter');
  const printed = async (): Promise<string> => ((await output.textContent()) ?? '').slice(before);
  while (!(await printed()).startsWith(prompt)) await page.waitForTimeout(20);
  return (await printed()).slice(prompt.length);
}

interface Fault {
  readonly id: string;
  readonly impact: string;
  readonly nodes: readonly { readonly html: string; readonly failureSummary: string }[];
}

/** axe finds no serious fault of what is shown, and it is not wider than the window. */
export async function expectFitForAll(page: Page): Promise<void> {
  // Evaluated by the debugger, which the page's policy does not concern.
  await page.evaluate(readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8'));
  const faults = await page.evaluate<readonly Fault[]>('axe.run().then(({ violations }) => violations)');
  const told = faults
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(
      ({ id: rule, nodes }) =>
        `${rule}: ${nodes.map(({ html, failureSummary }) => `${html} ${failureSummary}`)}`,
    );
  expect(told).toEqual([]);
  const overflow = await page.evaluate<number>('document.documentElement.scrollWidth - innerWidth');
  expect(overflow).toBeLessThanOrEqual(0);
}
