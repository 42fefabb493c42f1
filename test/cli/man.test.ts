import { spawnSync } from 'node:child_process';
import type { EventEmitter } from 'node:events';
import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { commands } from '../../src/cli/commands/index.js';
import { wholeProgram } from '../../src/cli/whole-program.js';
import { manPages } from '../../tools/man/pages.js';

const program = await wholeProgram();
const pages = manPages(program);

test('each command that help lists has its page in the package', () => {
  const named = commands.map(({ name }) => `irqlab-${name}.1`);
  expect(Object.keys(pages)).toEqual(['irqlab.1', ...named]);
  const { man } = JSON.parse(readFileSync('package.json', 'utf8')) as { readonly man: readonly string[] };
  expect([...man].sort()).toEqual(
    Object.keys(pages)
      .map((name) => `./dist/man/${name}`)
      .sort(),
  );
});

/** A page as a reader sees it, in lines without end. */
function read(page: string): string {
  return page
    .replaceAll(/^\.(TH|SH|SS|TP|PP|RS|RE|nf|fi|BR).*\n/gm, '')
    .replaceAll(/\\f[BIR]/g, '')
    .replaceAll('\\&', '')
    .replaceAll('\\-', '-')
    .replaceAll('\\(aq', "'")
    .replaceAll('\\(ga', '`')
    .replaceAll('\\(ha', '^')
    .replaceAll('\\(ti', '~')
    .replaceAll(/\\\[u([\dA-F]+)\]/g, (_, code: string) => String.fromCodePoint(Number.parseInt(code, 16)))
    .replaceAll('\\e', '\\');
}

test('pages say what help says, those of inner commands included', () => {
  const words = (text: string): string => text.replaceAll(/\s+/g, ' ');
  for (const command of program.commands) {
    const page = words(read(pages[`irqlab-${command.name()}.1`]));
    for (const each of [command, ...command.commands]) {
      let text = '';
      const emitter = each as unknown as EventEmitter;
      emitter.emit('afterHelp', { error: false, command: each, write: (more: string) => (text += more) });
      const said = [
        each.description(),
        ...each.options.flatMap(({ flags, description }) => [flags, description]),
        ...text.split('\n').filter((line) => !/^(Examples?:)?$/.test(line)),
      ];
      expect(
        said
          .map(words)
          .map((part) => part.trim())
          .filter((part) => !page.includes(part)),
      ).toEqual([]);
    }
  }
});

test('a line that begins with a dot is no request', () => {
  expect(
    Object.values(pages)
      .join('\n')
      .match(/^\.(?!TH|SH|SS|TP|PP|RS|RE|nf|fi|BR).*/gm),
  ).toBeNull();
});

const withGroff = spawnSync('groff', ['--version']).status === 0 ? test : test.skip;

withGroff('groff has no warning', () => {
  const { status, stderr } = spawnSync('groff', ['-man', '-ww', '-z'], {
    input: Object.values(pages).join(''),
    encoding: 'utf8',
  });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
});
