import { readdirSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { describe, expect, test } from '@jest/globals';

// What `npm run layers` checks of src, for web/: its parser reads no TSX.

const root = new URL('../../', import.meta.url);
const { devDependencies } = JSON.parse(readFileSync(new URL('package.json', root), 'utf8')) as {
  readonly devDependencies: Readonly<Record<string, string>>;
};

interface Import {
  readonly from: string;
  readonly to: string;
  readonly typeOnly: boolean;
}

const files = readdirSync(new URL('web', root), { recursive: true, encoding: 'utf8' })
  .map((name) => `web/${name.replaceAll('\\', '/')}`)
  .filter((name) => /\.tsx?$/.test(name) && !name.endsWith('.d.ts'));

const imports = files.flatMap((from) => importsOf(from, readFileSync(new URL(from, root), 'utf8')));

function importsOf(from: string, text: string): Import[] {
  const code = text.replaceAll(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, '');
  const pattern =
    /^(?:import|export)\s(?:(type)\s)?(?:[^'";]*?\sfrom\s)?\s*'([^']+)'|\bimport\('([^']+)'\)|new URL\('([^']+)', import\.meta\.url\)/gm;
  return [...code.matchAll(pattern)].map(([statement, type, ...names]) => {
    const name = names.find((each) => each !== undefined) ?? '';
    const listed =
      /\{([^}]*)\}/
        .exec(statement)?.[1]
        .split(',')
        .map((each) => each.trim()) ?? [];
    const typeOnly =
      type !== undefined ||
      (listed.length > 0 && listed.every((each) => each === '' || each.startsWith('type ')));
    return { from, to: name.startsWith('.') ? resolved(from, name) : name, typeOnly };
  });
}

function resolved(from: string, name: string): string {
  const path = posix.join(posix.dirname(from), name);
  const stem = path.replace(/\.js$/, '');
  return [path, `${stem}.ts`, `${stem}.tsx`].find((each) => files.includes(each)) ?? path;
}

/** Imports that a rule forbids, as text. */
function broken(isAllowed: (each: Import) => boolean): string[] {
  return imports.filter((each) => !isAllowed(each)).map(({ from, to }) => `${from} → ${to}`);
}

describe('web/', () => {
  test('is found', () => {
    expect(files).toContain('web/shell/page.tsx');
    expect(imports).toContainEqual({ from: 'web/main.tsx', to: 'web/shell/page.tsx', typeOnly: false });
    expect(imports).toContainEqual({
      from: 'web/store/worker.ts',
      to: 'web/worker/start.ts',
      typeOnly: false,
    });
  });

  test('imports itself, packages that it is bundled with, and of irqlab what everybody can', () => {
    expect(
      broken(({ to }) => {
        if (to.startsWith('web/')) return true;
        const [, name] = /^((?:@[^/]+\/)?[^/]+)/.exec(to) ?? [];
        return to === 'irqlab/browser' || (name !== undefined && name in devDependencies && name !== 'vite');
      }),
    ).toEqual([]);
  });

  test('leaves the model to the worker: the rest knows its types only', () => {
    expect(
      broken(
        ({ from, to, typeOnly }) => to !== 'irqlab/browser' || typeOnly || from.startsWith('web/worker/'),
      ),
    ).toEqual([]);
  });

  test('of the worker the page knows the protocol and the way to it', () => {
    const known = ['web/worker/protocol.ts', 'web/worker/link.ts'];
    const allowed = ({ from, to, typeOnly }: Import): boolean =>
      !to.startsWith('web/worker/') ||
      from.startsWith('web/worker/') ||
      typeOnly ||
      known.includes(to) ||
      (from === 'web/store/worker.ts' && to === 'web/worker/start.ts');
    expect(broken(allowed)).toEqual([]);
  });

  test('has views that do not know each other, nor the shell around them', () => {
    const viewOf = (path: string): string | undefined => /^web\/views\/([^/]+)\//.exec(path)?.[1];
    const isAllowed = ({ from, to }: Import): boolean => {
      const own = viewOf(from);
      if (own === undefined) return true;
      return !to.startsWith('web/shell/') && [own, undefined].includes(viewOf(to));
    };
    expect(broken(isAllowed)).toEqual([]);
  });

  test('has no file that imports itself by way of others', () => {
    const next = new Map(files.map((file) => [file, imports.filter(({ from }) => from === file)]));
    const cycles: string[] = [];
    const done = new Set<string>();
    const visit = (file: string, way: readonly string[]): void => {
      if (way.includes(file)) cycles.push([...way.slice(way.indexOf(file)), file].join(' → '));
      if (done.has(file) || way.includes(file)) return;
      for (const { to } of next.get(file) ?? []) visit(to, [...way, file]);
      done.add(file);
    };
    for (const file of files) visit(file, []);
    expect(cycles).toEqual([]);
  });
});
