// Pages of the site that are made of the code: what they say cannot be old. Needs a build.
import { readdirSync, readFileSync } from 'node:fs';
import { main } from '../../dist/cli/main.js';
import { Guest } from '../../dist/index.js';
import { errnoNumbers } from '../../dist/lib/errno.js';
import { DEFAULT_KERNEL, kernelBehaviour, kernelVersions } from '../../dist/irq/kernel.js';
import { races } from '../../dist/races/index.js';
import { hypervBehaviour } from '../../dist/vmbus/kernel.js';
import { defaultDesign, designChoices } from '../../dist/vmbus/variants/design.js';
import { errorsOfGuests } from './errors.js';
import { schemaRows } from './schema.js';

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

/** A comment that must be there. */
function known(comment, of) {
  if (comment === undefined) throw new Error(`${of} has no comment that the reference could show`);
  return comment;
}

async function helpOf(...args) {
  let text = '';
  const out = (more) => {
    text += more;
  };
  await main([...args, '--help'], { out, err: out, progress: () => {}, readStdin: () => '' });
  return text;
}

/** The commands that a help text lists. */
function commandsIn(help) {
  const [, list = ''] = help.split('\nCommands:\n');
  return [...list.split('\n\n')[0].matchAll(/^ {2}([a-z]+)/gm)]
    .map(([, name]) => name)
    .filter((name) => name !== 'help');
}

/** A section for a command, and one for each of those below it. */
async function helpSections(words) {
  const help = await helpOf(...words);
  const sections = [`## irqlab ${words.join(' ')}\n\n${fenced(help)}`];
  for (const name of commandsIn(help)) sections.push(...(await helpSections([...words, name])));
  return sections;
}

async function commandLine() {
  const top = await helpOf();
  const sections = [];
  for (const name of commandsIn(top)) sections.push(...(await helpSections([name])));
  return `# Command line\n\nWhat each command says by \`--help\`.\n\n${fenced(top)}\n${sections.join('\n')}`;
}

function scenario() {
  const schema = JSON.parse(read('schema/scenario.schema.json'));
  const keys = Object.entries(schema.properties).map(
    ([key, part]) =>
      `## ${key}\n\n${table(['key', 'is', 'meaning'], schemaRows({ ...schema, properties: { [key]: part } }))}`,
  );
  return `# Scenario files\n\nEvery key. \`a[]\` is an element of the list \`a\`, \`a.b\` the key \`b\` in it. Editors get the same from [the JSON Schema](../schema/scenario.schema.json).\n\n${keys.join('\n')}`;
}

function jsonFormats() {
  const files = readdirSync(new URL('schema/json', root)).sort();
  const sections = files.map((file) => {
    const schema = JSON.parse(read(`schema/json/${file}`));
    return `## ${schema.title}\n\n${schema.description} [Its schema](../schema/json/${file}).\n\n${table(['key', 'is', 'meaning'], schemaRows(schema))}`;
  });
  return `# JSON of commands\n\nEvery key of what commands print with \`--json\`. \`a[]\` is an element of the list \`a\`, \`a.b\` the key \`b\` in it, \`a.*\` each value of \`a\`. What may be relied on: [what commands print with --json](../docs/json.md).\n\n${sections.join('\n')}`;
}

/** The tracepoints of a kernel: the fields and format of each one by its name, as cells of a table. */
function tracepointsOf(kernel) {
  const { fs } = Guest.create({ cpus: 1, kernel });
  const events = fs.readFile('/sys/kernel/tracing/available_events').trim().split('\n');
  return events.map((event) => {
    const format = fs.readFile(`/sys/kernel/tracing/events/${event.replace(':', '/')}/format`);
    const fields = [...format.matchAll(/field:(?!.*common_)(.*?);/g)].map(([, field]) => `\`${field}\``);
    return [event, fields.join(', '), `\`${/print fmt: (.*)/.exec(format)?.[1] ?? ''}\``];
  });
}

function tracepoints() {
  const forms = new Map();
  for (const kernel of kernelVersions)
    for (const cells of tracepointsOf(kernel)) {
      const form = forms.get(cells.join()) ?? { cells, kernels: [] };
      form.kernels.push(kernel);
      forms.set(cells.join(), form);
    }
  const rows = [...forms.values()]
    .sort((a, b) => (a.cells[0] < b.cells[0] ? -1 : a.cells[0] > b.cells[0] ? 1 : 0))
    .map(({ cells: [event, fields, format], kernels }) => [
      `\`${event}\``,
      kernels.length === kernelVersions.length ? 'all' : kernels.join(', '),
      fields,
      format,
    ]);
  return `# Tracepoints\n\nThose of each kernel that a guest can be (${kernelVersions.join(', ')}; ${DEFAULT_KERNEL} by default), as its own format files say them; an event that has changed has a row for each form. How to use them: [tracing](../docs/tracing.md).\n\n${table(['event', 'kernels', 'fields', 'format'], rows)}`;
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
      .map(([name, words]) => [`\`${name}\``, known(comments.get(name), name), ...words]);
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
    known(comments.get(quoted), `${path}: ${name}`),
  ]);
  return `# Refusals\n\nWhat a host may not do and a guest does not follow, by the name that \`vm.refused()\` counts it under ([a hostile host](../docs/hostile-host.md)). \`…\` stands for what is wrong with the message or ring.\n\n${table(['name', 'what'], rows)}`;
}

function errors() {
  const found = errorsOfGuests();
  const rowsOf = (code) =>
    found
      .filter(({ codes }) => (code === undefined ? codes.length === 0 : codes.includes(code)))
      .map(({ text, file }) => [text, `\`${file}\``]);
  const sections = Object.keys(errnoNumbers)
    .map((code) => [code, rowsOf(code)])
    .filter(([, rows]) => rows.length > 0)
    .map(([code, rows]) => `## ${code}\n\n-${errnoNumbers[code]}\n\n${table(['sentence', 'said by'], rows)}`);
  const others = table(['sentence', 'said by'], rowsOf());
  return `# Errors\n\nWhat a guest refuses: \`ErrnoError\` in the library, \`expect: EBUSY\` in a scenario, the error of a system call under a mount. The message is \`EBUSY: \` and one of these sentences, ‹name› stands for what is filled in. What a host does wrong is on [another page](refusals.md). Wrong use of the library is a TypeError or RangeError instead, a wrong file an error with its line and column.\n\n${sections.join('\n')}\n## What a function of the kernel has returned\n\n${others}`;
}

const verdictWord = (verdict) => ({ found: 'a race', none: 'none' })[verdict] ?? '';

function raceTable() {
  const sections = races.map(({ id, source, property, variants }) => {
    const rows = variants.map(({ name, summary, memory, strategy, ...variant }) => [
      `\`${name}\``,
      summary,
      `${verdictWord(variant.expected)} (${memory})`,
      verdictWord(variant.expectedOther),
      verdictWord(variant.expectedArm64),
      strategy.kind === 'bounded' ? `bounded, ${strategy.preemptions} preemptions` : strategy.kind,
    ]);
    const head = ['variant', 'is', 'finds', 'other of sc, tso', 'arm64', 'searched'];
    return `## ${id}\n\n${source}. What must hold: ${property}.\n\n${table(head, rows)}`;
  });
  return `# Races\n\nWhat \`irqlab explore\` knows, with the verdict that is expected of each variant, and the memory model that it is about; what is expected under the others, where that tells something. *Searched* is the strategy, unless options say otherwise: [how executions are chosen](../docs/explorer.md#how-executions-are-chosen). [What a verdict means](../docs/verdicts.md).\n\n${sections.join('\n')}`;
}

/** Each page's file with its text. */
export async function referencePages() {
  return new Map([
    ['command-line.md', await commandLine()],
    ['scenario.md', scenario()],
    ['json.md', jsonFormats()],
    ['tracepoints.md', tracepoints()],
    ['kernels.md', kernels()],
    ['axes.md', designs()],
    ['refusals.md', refusals()],
    ['errors.md', errors()],
    ['races.md', raceTable()],
  ]);
}
