import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exitStatus } from '../command/exit-status.js';
import { openScenario } from '../command/scenario-file.js';
import { isTerminal, type Stdio } from '../command/stdio.js';
import { readText } from '../command/named-file.js';
import { UsageError } from '../command/usage-error.js';
import { noPlugins, type Plugins } from '../command/plugins.js';
import { type PageFiles, readPageFiles, withScenario } from './page-files.js';
import { pluggedWorker, withPlugins } from './with-plugins.js';

const LOOPBACK = '127.0.0.1';
/** Where `npm run web` has put the page. */
const built = new URL('../web/', import.meta.url);
/** And what a page with plug-ins has in place of its worker. */
const library = new URL('../web-with-plugins/', import.meta.url);

/** As the page itself says, which other servers send without headers; and nobody may put it into a frame. */
const policy =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
const headers = {
  'content-security-policy': policy,
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-cache',
};

/** Of what the build has put into assets/, under names that tell what is in it: it is asked for once. */
const forEver = { 'cache-control': 'max-age=31536000, immutable' };

/** The worker's, which unpacks .xz by WebAssembly: only the policy it is sent with concerns it. */
const ofWorker = {
  'content-security-policy': policy.replace("script-src 'self'", "script-src 'self' 'wasm-unsafe-eval'"),
};

/**
 * `irqlab web`: serves the page until this process is told to end.
 *
 * @param file the scenario that it begins with; undefined: an example.
 * @param port 0: one that is free.
 * @param plugins default: none.
 * @param directory where the page is; default: where the build has put it.
 * @throws UsageError for a scenario, a port or a plug-in that cannot be used.
 */
export async function servePage(
  file: string | undefined,
  port: number,
  stdio: Stdio,
  plugins = noPlugins,
  directory = built,
): Promise<number> {
  const page = filesFor(file, stdio, plugins, directory);
  const files = plugins.files.length === 0 ? page : await withPlugins(page, plugins.files, library);
  const server: Server = createServer(answer(files, () => (server.address() as AddressInfo).port));
  server.listen(port, LOOPBACK);
  await once(server, 'listening').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'EADDRINUSE')
      throw new UsageError(`port ${port} is in use`, 'Leave out --port, or choose another one.');
    if (error.code === 'EACCES')
      throw new UsageError(`port ${port} is not for this user`, 'Choose one from 1024 on.');
    throw error;
  });
  stdio.out(`http://${LOOPBACK}:${(server.address() as AddressInfo).port}/\n`);
  if (isTerminal(stdio)) stdio.err('Ctrl-C ends it.\n');
  await toldToEnd();
  server.close();
  server.closeAllConnections();
  return exitStatus.ok;
}

function filesFor(file: string | undefined, stdio: Stdio, plugins: Plugins, directory: URL): PageFiles {
  const files = readPageFiles(directory);
  if (file === undefined) return files;
  const { name, text } = readText(file, stdio);
  // What is wrong with it is told here, where it was named.
  openScenario(file, { ...stdio, readStdin: () => text }, plugins);
  return withScenario(files, name.replace(/^.*[/\\]/, ''), text);
}

/**
 * Sends files, and nothing else. A page elsewhere whose name leads here, too, is refused: it would send its own name as
 * the host's.
 */
export function answer(files: PageFiles, port: () => number): RequestListener {
  return ({ method, url = '/', headers: { host } }, response) => {
    const path = url.replace(/\?.*$/, '');
    const file = files.get(path);
    const end = (status: number, text: string): void => {
      response
        .writeHead(status, { ...headers, 'content-type': 'text/plain; charset=utf-8' })
        .end(`${text}\n`);
    };
    if (host !== `${LOOPBACK}:${port()}` && host !== `localhost:${port()}`)
      return end(403, 'not for this host');
    if (method !== 'GET' && method !== 'HEAD') return end(405, 'only GET and HEAD');
    if (file === undefined) return end(404, 'not found');
    response.writeHead(200, {
      ...headers,
      ...(path.startsWith('/assets/') && forEver),
      ...((path.startsWith('/assets/start-') || path === pluggedWorker) && ofWorker),
      'content-type': file.type,
      'content-length': file.bytes.byteLength,
    });
    response.end(method === 'HEAD' ? undefined : file.bytes);
  };
}

function toldToEnd(): Promise<void> {
  return new Promise((resolve) => {
    const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
    const end = (): void => {
      for (const signal of signals) process.off(signal, end);
      resolve();
    };
    for (const signal of signals) process.on(signal, end);
  });
}
