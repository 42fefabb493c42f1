// The licences of packages whose code a bundle has taken in: their texts go where the code goes.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * A page of licences.
 *
 * @param inputs paths of the files that were bundled, those of packages with `node_modules/` in them
 * @param root the folder that these paths start at
 */
export function licencesOf(inputs, root) {
  const folders = new Set(
    inputs.flatMap((path) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0] ?? []),
  );
  const packages = [...folders].sort().map((folder) => licenceIn(join(root, folder)));
  return `# Licences of what is in this bundle\n\n${packages.join('\n')}`;
}

function licenceIn(folder) {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const texts = readdirSync(folder)
    .filter((file) => /^(licen[cs]e|copying|notice|copyrightnotice)/i.test(file))
    .map((file) => readFileSync(join(folder, file), 'utf8').trim().replaceAll(/^/gm, '    '));
  return [`## ${name} ${version}: ${license}`, ...texts, ''].join('\n\n').replaceAll('\r', '');
}
