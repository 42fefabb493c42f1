import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect } from '@jest/globals';
import { type Browser, chromium, type Page } from 'playwright-core';

const root = fileURLToPath(new URL('../..', import.meta.url));
const CHROMIUM = process.env['IRQLAB_CHROMIUM'] ?? '/usr/bin/chromium';

/** Tests of the built page in a real browser: where IRQLAB_WEB=1 is set, after `npm run build`. */
export const isWeb = process.env['IRQLAB_WEB'] === '1';
export const describeWeb = isWeb ? describe : describe.skip;

export interface LabOptions {
  /** Behind the #, e.g. view=races. */
  readonly hash?: string;
  /** Of the window, in CSS pixels; default 1280. */
  readonly width?: number;
  readonly theme?: 'light' | 'dark';
}

/** The page as `irqlab web` serves it, in one browser for all tests of a file. */
export class LabPages {
  private server: ChildProcess | undefined;
  private browser: Browser | undefined;
  private address = '';

  constructor() {
    beforeAll(() => this.start(), 30_000);
    afterAll(() => this.end());
  }

  /** Opens the page. What it must not do, such as break its policy or throw, fails `quiet`. */
  async open({ hash = '', width = 1280, theme = 'light' }: LabOptions = {}): Promise<LabPage> {
    if (this.browser === undefined) throw new Error('there is no browser');
    const context = await this.browser.newContext({ viewport: { width, height: 900 }, colorScheme: theme });
    const page = await context.newPage();
    const opened = new LabPage(page);
    await page.goto(`${this.address}#${hash}`);
    return opened;
  }

  private async start(): Promise<void> {
    if (!existsSync(CHROMIUM))
      throw new Error(`there is no ${CHROMIUM}: apt-get install chromium, or set IRQLAB_CHROMIUM`);
    this.server = spawn(process.execPath, ['dist/cli/cli.js', 'web'], { cwd: root });
    const { stdout } = this.server;
    if (stdout === null) throw new Error('irqlab web has no output');
    const [line] = (await once(stdout, 'data')) as [Buffer];
    this.address = line.toString().trim();
    this.browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] });
  }

  private async end(): Promise<void> {
    await this.browser?.close();
    this.server?.kill();
  }
}

/** One page, with what went wrong in it. */
export class LabPage {
  private readonly complaints: string[] = [];

  constructor(readonly page: Page) {
    page.setDefaultTimeout(20_000);
    page.on('pageerror', (error) => this.complaints.push(error.message));
    page.on('console', (message) => {
      if (message.type() === 'error') this.complaints.push(message.text());
    });
  }

  /** Nothing was thrown, and nothing broke the policy. */
  expectQuiet(): void {
    expect(this.complaints).toEqual([]);
  }

  /** What people with assistive programs could not use: axe's findings that are serious or worse. */
  async seriousFaults(): Promise<readonly string[]> {
    // Run by the debugger, which a page's policy does not concern.
    await this.page.evaluate(
      readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8'),
    );
    return this.page.evaluate(async () => {
      const { axe } = globalThis as unknown as {
        axe: {
          run(): Promise<{ violations: { id: string; impact: string; nodes: { html: string }[] }[] }>;
        };
      };
      const { violations } = await axe.run();
      return violations
        .filter(({ impact }) => impact === 'serious' || impact === 'critical')
        .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 120)).join(' | ')}`);
    });
  }

  /** How much of the page is wider than the window, in CSS pixels. */
  overflow(): Promise<number> {
    return this.page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth');
  }
}
