// Man pages of the command line, from what commander knows of it.

/**
 * The page of `irqlab`, and one of each command.
 *
 * @param {import('commander').Command} program with arguments and options of all commands.
 * @returns {Record<string, string>} roff by file name: `irqlab-run.1`.
 */
export function manPages(program) {
  const pages = { 'irqlab.1': pageOf(program, `${program.name()}`) };
  for (const command of commandsOf(program)) {
    const name = `irqlab-${command.name()}`;
    pages[`${name}.1`] = pageOf(command, name, program.version());
  }
  return pages;
}

function pageOf(command, name, version = command.version()) {
  const { about, examples } = afterHelp(command);
  const isProgram = command.parent === null;
  const inner = commandsOf(command);
  return [
    `.TH ${name.toUpperCase()} 1 "" "irqlab ${version}" "irqlab"`,
    '.SH NAME',
    `${escaped(name)} \\- ${escaped(command.description())}`,
    '.SH SYNOPSIS',
    synopsis(command),
    ...(about.length > 0 ? ['.SH DESCRIPTION', ...about] : []),
    ...argumentsOf(command),
    '.SH OPTIONS',
    ...optionsOf(command),
    ...(inner.length > 0 ? ['.SH COMMANDS'] : []),
    ...inner.flatMap((each) => (isProgram ? item(reference(each), each.description()) : section(each))),
    ...(examples.length > 0 ? ['.SH EXAMPLES', ...examples] : []),
    ...(isProgram ? [] : ['.SH SEE ALSO', '.BR irqlab (1)']),
    '',
  ].join('\n');
}

/** A command of a command: it has no page of its own. */
function section(command) {
  const { about, examples } = afterHelp(command);
  return [
    `.SS ${escaped(fullName(command))}`,
    `${escaped(command.description())}.`,
    '.PP',
    synopsis(command),
    ...(about.length > 0 ? ['.PP', ...about] : []),
    ...argumentsOf(command, '.PP'),
    ...optionsOf(command),
    ...(examples.length > 0 ? ['.PP', ...examples] : []),
  ];
}

function reference(command) {
  return `\\fBirqlab-${escaped(command.name())}\\fR(1)`;
}

function synopsis(command) {
  return `\\fB${escaped(fullName(command))}\\fR ${escaped(command.usage())}`;
}

function fullName(command) {
  return command.parent === null ? command.name() : `${fullName(command.parent)} ${command.name()}`;
}

function commandsOf(command) {
  return command
    .createHelp()
    .visibleCommands(command)
    .filter((each) => each.name() !== 'help');
}

function argumentsOf(command, heading = '.SH ARGUMENTS') {
  const help = command.createHelp();
  const all = help.visibleArguments(command);
  const items = all.flatMap((each) =>
    item(`\\fI${escaped(each.name())}\\fR`, help.argumentDescription(each)),
  );
  return items.length > 0 ? [heading, ...items] : [];
}

function optionsOf(command) {
  const help = command.createHelp();
  return help
    .visibleOptions(command)
    .flatMap((each) => item(`\\fB${escaped(help.optionTerm(each))}\\fR`, help.optionDescription(each)));
}

function item(term, text) {
  return ['.TP', term, escaped(text)];
}

/** What help says behind the options, as paragraphs and indented lines, and the examples in it. */
function afterHelp(command) {
  let text = '';
  command.emit('afterHelp', {
    error: false,
    command,
    write: (more) => {
      text += more;
    },
  });
  const [about, examples = ''] = text.split(/^Examples?:\n/m);
  return { about: blocks(about), examples: blocks(examples) };
}

/** Lines that are indented stand as they are; others are filled. */
function blocks(text) {
  return text
    .trimEnd()
    .split('\n')
    .filter((line, at, all) => line !== '' || (at > 0 && all[at - 1] !== ''))
    .flatMap((line, at, all) => {
      if (line === '') return ['.PP'];
      const isIndented = line.startsWith('  ');
      const begins = isIndented && !all[at - 1]?.startsWith('  ');
      const ends = isIndented && !all[at + 1]?.startsWith('  ');
      return [
        ...(begins ? ['.RS 2', '.nf'] : []),
        escaped(line.slice(isIndented ? 2 : 0)),
        ...(ends ? ['.fi', '.RE'] : []),
      ];
    })
    .filter((line, at) => line !== '.PP' || at > 0);
}

/** A text as roff has it: nothing in it is a request, and all of it can be copied from a terminal. */
function escaped(text) {
  return text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll("'", '\\(aq')
    .replaceAll('`', '\\(ga')
    .replaceAll('^', '\\(ha')
    .replaceAll('~', '\\(ti')
    .replace(
      /\P{ASCII}/gu,
      (sign) => `\\[u${sign.codePointAt(0).toString(16).toUpperCase().padStart(4, '0')}]`,
    )
    .replace(/^([.])/gm, '\\&$1');
}
