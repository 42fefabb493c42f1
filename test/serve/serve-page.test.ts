import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { inflateRawSync } from 'node:zlib';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { noPlugins } from '../../src/command/plugins.js';
import { UsageError } from '../../src/command/usage-error.js';
import { type PageFiles, readPageFiles, withScenario } from '../../src/serve/page-files.js';
import { answer, servePage } from '../../src/serve/serve-page.js';
import { irqlab } from '../support/cli.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

const directory = temporaryDirectory('page');
let files: PageFiles;
let url: URL;

beforeAll(() => {
  directory.file('index.html', '<html><head><title>irqlab</title></head></html>');
  mkdirSync(join(directory.path, 'assets'));
  writeFileSync(join(directory.path, 'assets/a.js'), 'export {};');
  writeFileSync(join(directory.path, 'assets/notes.txt'), 'not for readers');
  url = pathToFileURL(`${directory.path}/`);
  files = readPageFiles(url);
});

describe('the server', () => {
  let server: Server;
  const port = (): number => (server.address() as AddressInfo).port;

  beforeEach(async () => {
    server = createServer(answer(files, port));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });
  afterEach(() => {
    server.close();
    server.closeAllConnections();
  });

  interface Got {
    readonly status: number | undefined;
    readonly headers: NodeJS.Dict<string | string[]>;
    readonly text: string;
  }

  function get(path: string, { method = 'GET', host = `127.0.0.1:${port()}` } = {}): Promise<Got> {
    return new Promise((resolve, reject) => {
      const asked = request(
        { host: '127.0.0.1', port: port(), path, method, headers: { host } },
        (response) => {
          let text = '';
          response.setEncoding('utf8').on('data', (part: string) => {
            text += part;
          });
          response.on('end', () => resolve({ status: response.statusCode, headers: response.headers, text }));
        },
      );
      asked.on('error', reject).end();
    });
  }

  test('sends the page, with a policy that lets it load nothing but itself', async () => {
    const { status, headers, text } = await get('/?x');
    expect(status).toBe(200);
    expect(text).toContain('<title>irqlab</title>');
    expect(headers).toMatchObject({
      'content-type': 'text/html; charset=utf-8',
      'x-content-type-options': 'nosniff',
      'content-security-policy': expect.stringMatching(/^default-src 'none'; .*frame-ancestors 'none'$/),
    });
    expect((await get('/assets/a.js')).headers['content-type']).toBe('text/javascript; charset=utf-8');
  });

  test('says of what has its content in its name that it need not be asked for again', async () => {
    expect((await get('/assets/a.js')).headers['cache-control']).toContain('immutable');
    expect((await get('/assets/a.js')).headers['content-security-policy']).not.toContain('wasm');
    expect((await get('/')).headers['cache-control']).toBe('no-cache');
  });

  test.each(['/assets/notes.txt', '/../package.json', '/assets/../../package.json', '/%2e%2e/x', '/nothing'])(
    'sends no %s',
    async (path) => expect((await get(path)).status).toBe(404),
  );

  test('is for this machine only, whatever name leads here', async () => {
    expect((await get('/', { host: `localhost:${port()}` })).status).toBe(200);
    expect((await get('/', { host: `evil.example:${port()}` })).status).toBe(403);
    expect((await get('/', { host: '127.0.0.1' })).status).toBe(403);
  });

  test('takes GET and HEAD', async () => {
    expect(await get('/', { method: 'HEAD' })).toMatchObject({ status: 200, text: '' });
    expect((await get('/', { method: 'POST' })).status).toBe(405);
  });
});

test('a scenario is in the page, compressed', () => {
  const page = Buffer.from(
    withScenario(files, 'a & "b".yaml', 'cpus: 2 # €\n').get('/')?.bytes ?? [],
  ).toString();
  const [, content = ''] = /<meta name="irqlab-scenario" content="([^"]*)" \/><\/head>/.exec(page) ?? [];
  const given = new URLSearchParams(content.replaceAll('&amp;', '&'));
  expect(given.get('name')).toBe('a & "b".yaml');
  expect(inflateRawSync(Buffer.from(given.get('s') ?? '', 'base64url')).toString()).toBe('cpus: 2 # €\n');
});

test('without a built page says how to build it', () => {
  expect(() => readPageFiles(new URL('nowhere/', url))).toThrow(new UsageError('the page is not built'));
});

test('serves until it is told to end', async () => {
  let said = '';
  const out = (text: string): void => {
    said += text;
  };
  const stdio = { out, err: () => {}, readStdin: () => '' };
  const ended = servePage('examples/channel-affinity.yaml', 0, stdio, noPlugins, url);
  while (said === '') await new Promise((resolve) => setTimeout(resolve, 5));
  expect(said).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/\n$/);
  expect(await (await fetch(said.trim())).text()).toContain('name=channel-affinity.yaml');
  const taken = Number(new URL(said.trim()).port);
  await expect(servePage(undefined, taken, stdio, noPlugins, url)).rejects.toThrow(`port ${taken} is in use`);
  process.emit('SIGTERM');
  expect(await ended).toBe(0);
  await expect(fetch(said.trim())).rejects.toThrow();
});

test('what is wrong with a scenario is told before anything is served', async () => {
  const bad = directory.file('bad.yaml', 'cpus: 0\n');
  const stdio = { out: () => {}, err: () => {}, readStdin: () => '' };
  await expect(servePage(bad, 0, stdio, noPlugins, url)).rejects.toThrow(
    'bad.yaml:1:7: expected a whole number',
  );
});

test('refuses a port that is none', async () => {
  const { status, err } = await irqlab(['web', '--port', '65536']);
  expect(status).toBe(2);
  expect(err).toContain('Expected a port from 0 to 65535.');
});
