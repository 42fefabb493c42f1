import { dirname, isAbsolute, relative, resolve, sep } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const schema = fileURLToPath(new URL('../../schema/scenario.schema.json', import.meta.url));

/**
 * The line by which editors find the schema of scenario files (yaml-language-server). It is the first one of a file.
 *
 * @param file where the file is going to be; undefined: nobody knows, so that of a package beside it is named.
 */
export function schemaComment(file?: string): string {
  return `# yaml-language-server: $schema=${file === undefined ? './node_modules/irqlab/schema/scenario.schema.json' : schemaFrom(file)}\n`;
}

/** A scenario with that line for where the file is going to be, in place of the one that it has. */
export function withSchemaComment(text: string, file?: string): string {
  return schemaComment(file) + text.replace(/^# yaml-language-server:.*\n/, '');
}

function schemaFrom(file: string): string {
  const path = relative(resolve(dirname(file)), schema);
  // On another drive there is no way from here.
  if (isAbsolute(path)) return pathToFileURL(path).href;
  const way = path.split(sep).join('/');
  return way.startsWith('.') ? way : `./${way}`;
}
