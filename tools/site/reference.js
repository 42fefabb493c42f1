// Pages of the site that are made of the code: what they say cannot be old. Needs a build.
import { readFileSync } from 'node:fs';
import { main } from '../../dist/cli/main.js';
import { Guest } from '../../dist/index.js';
import { DEFAULT_KERNEL, kernelBehaviour, kernelVersions } from '../../dist/irq/kernel.js';
import { races } from '../../dist/races/index.js';
import { hypervBehaviour } from '../../dist/vmbus/kernel.js';
import { defaultDesign, designChoices } from '../../dist/vmbus/variants/design.js';

const root = new URL('../../', import.meta.url);
const read = (path) => readFileSync(new URL(path, root), 'utf8');

/** Text for a cell of a table. */
const cell = (text) => String(text).replaceAll('|', '\\|').replaceAll('\n', ' ').replaceAll('<', '&lt;');
const row = (...cells) => `| ${cells.map(cell).join(' | ')} |`;
const table = (head, rows) =>
  [row(...head), row(...head.map(() => '---')), ...rows.map((r) => row(...r)), ''].join('\n');
const fenced = (text) => `\`\`\`text\n${text.trimEnd()}\n\`\`\`\n`;

/** What the comment before a member of a type says, by the member's name. */
function commentsIn(path, member) {
  const found = read(path).matchAll(new RegExp(`/\\*\\*((?:(?!\\*/)[\\s\\S])*)\\*/\\s*${member}`, 'g'));
  return new Map([...found].map(([, text, name]) => [name, text.replaceAll(/^ *\* ?/gm, '').trim()]));
}

async function helpOf(...args) {
  let text = '';
  const out = (more) => {
    text += more;
  };
  await main([...args, '--help'], { out, err: out, progress: () => {}, readStdin: () => '' });
  return text;
}

async function commandLine() {
  const top = await helpOf();
  const [, list] = top.split('Commands:\n');
  const names = [...list.matchAll(/^ {2}([a-z]+)/gm)]
    .map(([, name]) => name)
    .filter((name) => name !== 'help');
  const sections = [];
  for (const name of names) sections.push(`## irqlab ${name}\n\n${fenced(await helpOf(name))}`);
  return `# Command line\n\nWhat each command says by \`--help\`.\n\n${fenced(top)}\n${sections.join('\n')}`;
}

/** Rows for a part of a JSON Schema: path, what it may be, what it means. */
function schemaRows(schema, path, rows = new Map()) {
  const forms = schema.anyOf ?? schema.oneOf ?? [schema];
  if (path !== '' && !rows.has(path))
    rows.set(path, [`\`${path}\``, kindOf(schema), schema.description ?? '']);
  for (const form of forms) {
    for (const [key, part] of Object.entries(form.properties ?? {}))
      schemaRows(part, path === '' ? key : `${path}.${key}`, rows);
    if (form.items) schemaRows(form.items, `${path}[]`, rows);
    if (form !== schema && (form.anyOf ?? form.oneOf)) schemaRows(form, path, rows);
  }
  return rows;
}

function kindOf(schema) {
  const forms = schema.anyOf ?? schema.oneOf;
  if (forms) return [...new Set(forms.map(kindOf))].join(' or ');
  if (schema.const !== undefined) return `\`${schema.const}\``;
  if (schema.enum) return schema.enum.map((value) => `\`${value}\``).join(', ');
  if (schema.type !== 'integer' && schema.type !== 'number') return schema.type ?? 'anything';
  const { minimum = '', maximum = '' } = schema;
  return minimum === '' && maximum === '' ? schema.type : `${schema.type} ${minimum}…${maximum}`;
}

function scenario() {
  const schema = JSON.parse(read('schema/scenario.schema.json'));
  const keys = Object.keys(schema.properties).map((key) => {
    const rows = [...schemaRows(schema.properties[key], key).values()];
    return `## ${key}\n\n${table(['key', 'is', 'meaning'], rows)}`;
  });
  return `# Scenario files\n\nEvery key. \`a[]\` is an element of the list \`a\`, \`a.b\` the key \`b\` in it. Editors get the same from [the JSON Schema](../schema/scenario.schema.json).\n\n${keys.join('\n')}`;
}

function tracepoints() {
  const vm = Guest.create({ cpus: 1 });
  const events = vm.fs.readFile('/sys/kernel/tracing/available_events').trim().split('\n').sort();
  const rows = events.map((event) => {
    const format = vm.fs.readFile(`/sys/kernel/tracing/events/${event.replace(':', '/')}/format`);
    const fields = [...format.matchAll(/field:(?!.*common_)(.*?);/g)].map(([, field]) => `\`${field}\``);
    return [`\`${event}\``, fields.join(', '), `\`${/print fmt: (.*)/.exec(format)?.[1] ?? ''}\``];
  });
  return `# Tracepoints\n\nThose of Linux ${DEFAULT_KERNEL}, which a guest is by default; others have others. How to use them: [tracing](../docs/tracing.md).\n\n${table(['event', 'fields', 'format'], rows)}`;
}

function kernels() {
  const parts = [
    {
      title: 'The interrupt layer',
      of: kernelBehaviour,
      files: ['src/irq/kernel.ts', 'src/trace/kernel.ts', 'src/machine/cpu-plug.ts'],
    },
    { title: 'VMBus and the drivers on it', of: hypervBehaviour, files: ['src/vmbus/kernel.ts'] },
  ].map(({ title, of, files }) => {
    const comments = new Map(files.flatMap((file) => [...commentsIn(file, 'readonly (\\w+)\\??:')]));
    const behaviours = kernelVersions.map((version) => of(version));
    const rows = Object.keys(behaviours[0])
      .map((name) => [name, behaviours.map((behaviour) => wordOf(behaviour[name]))])
      .filter(([, words]) => new Set(words).size > 1)
      .map(([name, words]) => [`\`${name}\``, comments.get(name) ?? '', ...words]);
    return `## ${title}\n\n${table(['name', 'what', ...kernelVersions], rows)}`;
  });
  return `# Differences between kernels\n\nWhat a guest does otherwise with \`kernel: '6.1'\` than with \`kernel: '7.2'\`; what all have in common is left out.\n\n${parts.join('\n')}`;
}

function wordOf(value) {
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  return typeof value === 'object' && value !== null ? JSON.stringify(value) : String(value);
}

function designs() {
  const rows = Object.entries(designChoices).map(([axis, choices]) => [
    `\`${axis}\``,
    choices.map((choice) => (choice === defaultDesign[axis] ? `**${choice}**` : choice)).join(', '),
  ]);
  return `# Axes of the design\n\nWhat \`design:\` in a scenario and \`irqlab compare --vary\` choose from, the default in bold. What each choice is: [designs](../docs/designs.md).\n\n${table(['axis', 'choices'], rows)}`;
}

function refusals() {
  const path = 'src/vmbus/refusals.ts';
  const [, union] = read(path).split('export type Refusal =');
  const comments = commentsIn(path, '\\| (\\S+?);?\\n');
  const names = [...union.split(';')[0].matchAll(/\| (['`])(.+?)\1/g)].map(([, quote, name]) => [
    quote + name + quote,
    name,
  ]);
  const rows = names.map(([quoted, name]) => [
    `\`${name.replace(/\$\{.*\}/, '…')}\``,
    comments.get(quoted) ?? 'what its name says',
  ]);
  return `# Refusals\n\nWhat a host may not do and a guest does not follow, by the name that \`vm.refused()\` counts it under ([a hostile host](../docs/hostile-host.md)). \`…\` stands for what is wrong with the message or ring.\n\n${table(['name', 'what'], rows)}`;
}

function raceTable() {
  const sections = races.map(({ id, source, property, variants }) => {
    const rows = variants.map(({ name, summary, expected }) => [
      `\`${name}\``,
      summary,
      expected === 'found' ? 'a race' : 'none',
    ]);
    return `## ${id}\n\n${source}. What must hold: ${property}.\n\n${table(['variant', 'is', 'finds'], rows)}`;
  });
  return `# Races\n\nWhat \`irqlab explore\` knows, with the verdict on each variant. [The explorer](../docs/explorer.md) says what a verdict means.\n\n${sections.join('\n')}`;
}

/** Each page's file with its text. */
export async function referencePages() {
  return new Map([
    ['command-line.md', await commandLine()],
    ['scenario.md', scenario()],
    ['tracepoints.md', tracepoints()],
    ['kernels.md', kernels()],
    ['axes.md', designs()],
    ['refusals.md', refusals()],
    ['races.md', raceTable()],
  ]);
}
