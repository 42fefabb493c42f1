// The page in Debian's Chromium: how soon a guest can be steered, and how many pictures of it a second are shown while it
// runs as fast as this machine can. A picture is of one moment: its time is in the page's head.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

const cli = fileURLToPath(new URL('../dist/cli/cli.js', import.meta.url));
const executablePath = process.env['CHROMIUM'] ?? '/usr/bin/chromium';
const READY_MS = 1000;

/** Adapters with 64 channels each, whose host signals each of them every millisecond. */
function channels(cpus, adapters) {
  const relids = (adapter) => Array.from({ length: 64 }, (_, channel) => 10 + 64 * adapter + channel);
  const all = Array.from({ length: adapters }, (_, adapter) => relids(adapter));
  return [
    `cpus: ${cpus}`,
    'devices:',
    ...all.map(
      ([relid, ...others]) =>
        `  - {driver: netvsc, relid: ${relid}, channels: 64, subChannels: [${others.join(', ')}]}`,
    ),
    'workload:',
    ...all.flat().map((relid) => `  - {relid: ${relid}, every: 1ms, until: 10000s}`),
  ].join('\n');
}

/** Lines, of which each eighth is raised every millisecond. */
function lines(cpus, irqs) {
  const all = Array.from({ length: irqs }, (_, irq) => irq);
  return [
    `cpus: ${cpus}`,
    'vmbus: false',
    'interrupts:',
    ...all.map((irq) => `  - {irq: ${irq}, chip: IO-APIC, hwirq: ${irq}, flow: edge, name: bench${irq}}`),
    'workload:',
    ...all.filter((irq) => irq % 8 === 0).map((irq) => `  - {irq: ${irq}, every: 1ms, until: 10000s}`),
  ].join('\n');
}

/** How many pictures the screen gets a second, and of how many moments of the guest. Runs in the page. */
const counted = `async (ms) => {
  let [frames, moments] = [0, 0];
  const clock = document.querySelector('.clock');
  const observer = new MutationObserver(() => { moments += 1; });
  if (clock !== null) observer.observe(clock, { characterData: true, childList: true, subtree: true });
  const from = performance.now();
  await new Promise((resolve) => requestAnimationFrame(function next() {
    frames += 1;
    if (performance.now() - from < ms) requestAnimationFrame(next);
    else resolve();
  }));
  const seconds = (performance.now() - from) / 1000;
  return { frames: frames / seconds, moments: moments / seconds };
}`;

async function withPage(scenario, use) {
  const directory = mkdtempSync(join(tmpdir(), 'irqlab-bench-'));
  const file = join(directory, 'bench.yaml');
  if (scenario !== undefined) writeFileSync(file, `${scenario}\n`);
  const args = scenario === undefined ? ['web'] : ['web', file];
  const server = spawn(process.execPath, [cli, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
  try {
    const data = await new Promise((resolve) => {
      server.stdout.once('data', resolve);
    });
    return await use(browser, data.toString().trim());
  } finally {
    await browser.close();
    server.kill();
    rmSync(directory, { recursive: true });
  }
}

async function opened(browser, url) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
  const page = await context.newPage();
  await page.goto(url);
  await page.locator('.clock:not(:empty)').waitFor({ timeout: 120_000 });
  return page;
}

/** @returns ms from asking for the page until its guest is there: the middle of some times, each with nothing in the cache. */
async function readyMs(browser, url, times) {
  const all = [];
  for (let n = 0; n < times; n++) {
    const page = await opened(browser, url);
    all.push(await page.evaluate('performance.now()'));
    await page.context().close();
  }
  return all.sort((a, b) => a - b)[times >> 1];
}

async function frames(scenario, smoke) {
  const ms = smoke ? 200 : 5000;
  return withPage(scenario, async (browser, url) => {
    const blank = await browser.newPage();
    const limit = await blank.evaluate(`(${counted})(${ms})`);
    await blank.close();
    const page = await opened(browser, url);
    // What is loaded ahead is no part of it.
    await page.waitForTimeout(smoke ? 0 : 3000);
    await page.getByLabel('Speed').selectOption('1000');
    await page.getByRole('button', { name: 'Play' }).click();
    return { limit: limit.frames, ...(await page.evaluate(`(${counted})(${ms})`)) };
  });
}

export async function web({ smoke }) {
  const name = 'the page';
  if (!existsSync(executablePath))
    return {
      name,
      ok: true,
      lines: [],
      rows: [
        { bench: 'web', figure: 'not measured', limit: `not installed: chromium (no ${executablePath})` },
      ],
    };
  const ms = await withPage(undefined, (browser, url) => readyMs(browser, url, smoke ? 1 : 9));
  const sizes = smoke
    ? [['4 CPUs × 64 IRQs', channels(4, 1)]]
    : [
        ['64 CPUs × 256 IRQs', channels(64, 4)],
        ['416 CPUs × 2,068 IRQs', lines(416, 2068)],
      ];
  const rows = [];
  let ok = true;
  for (const [size, scenario] of sizes) {
    const { frames: shown, moments, limit } = await frames(scenario, smoke);
    ok &&= moments > 0;
    rows.push({
      bench: `web: ${size}`,
      figure: `${shown.toFixed(0)} frames a second, of ${moments.toFixed(0)} moments`,
      limit: `an empty page: ${limit.toFixed(0)}`,
      ratio: shown / limit,
      reach: 0.95,
    });
  }
  rows.push({
    bench: 'web: ready',
    figure: `${ms.toFixed(0)} ms until the guest is there`,
    limit: `${READY_MS} ms`,
    ratio: ms / READY_MS,
    most: 1,
  });
  return { name, ok, lines: [], rows };
}
