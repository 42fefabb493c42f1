import { describe, expect, test } from '@jest/globals';
import { understoodCapture } from '../../src/capture/understood.js';
import { captureCases } from '../view/golden.js';

interface Capture {
  readonly id: string;
  readonly exact: boolean;
  readonly text: string;
}

const whole = captureCases<Capture>('interrupts').filter(({ exact, text }) => exact && text.endsWith('\n'));
/** Those whose lines may all get blanks: a row with a hwirq shows how many of them are the kernel's. */
const withHwirqs = whole.filter(({ text }) => / {2,}(?:IO-APIC|GICv?\d?|PCI-MSI|VMBus) +\d+[ -]/.test(text));
const lsvmbus = captureCases<{ id: string; text: string }>('lsvmbus')[0].text;

const small =
  '           CPU0       CPU1       \n' +
  '  8:          0          1   IO-APIC   8-edge      rtc0\n' +
  ' 24:         45          6   PCI-MSI 524288-edge      nvme0q0\n' +
  'NMI:          0          0   Non-maskable interrupts\n' +
  'ERR:          0\n';

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
const read = (text: string) => understoodCapture('c', bytesOf(text));
/** What each capture is as it is: it is wrapped in many ways. */
const unwrapped = new Map<string, ReturnType<typeof read>>();
function asItIs(text: string): ReturnType<typeof read> {
  const known = unwrapped.get(text) ?? read(text);
  unwrapped.set(text, known);
  return known;
}
const lines = (text: string, each: (line: string) => string): string =>
  text.replaceAll(/^.*\n/gm, (line) => each(line));

/** What is put around a text, and what its user is told. */
const wrappings: readonly [string, (text: string) => string, string][] = [
  ['a byte order mark', (text) => `\ufeff${text}`, 'a byte order mark was taken off'],
  ['CRLF', (text) => text.replaceAll('\n', '\r\n'), 'carriage returns at the ends of lines were taken off'],
  [
    'colours',
    (text) => lines(text, (line) => `\x1b[1;32m${line.slice(0, -1)}\x1b[0m\n`),
    'colours and other',
  ],
  ['no-break spaces', (text) => text.replaceAll(' ', '\u00a0'), 'no-break spaces were read as blanks'],
  ['quoting', (text) => lines(text, (line) => `> ${line}`), '"> " at the beginning of lines is quoting'],
  ['twofold quoting', (text) => lines(text, (line) => `> > ${line}`), '"> > " at the beginning'],
  ['a prompt', (text) => `root@vm:~# cat /proc/interrupts\n${text}`, 'line 1: a prompt, taken off'],
  ['prompts on both sides', (text) => `$ cat /proc/interrupts\n${text}user@vm:~$ \n`, 'a prompt, taken off'],
  ['watch', (text) => `Every 2.0s: cat /proc/interrupts    vm: now\n\n${text}`, 'the header of watch'],
  ['a date', (text) => `Fri Nov 27 12:00:01 UTC 2026\n${text}`, 'line 1: a date, taken off'],
  ['an ISO date', (text) => `2026-11-27T12:00:01+00:00\n${text}`, 'line 1: a date, taken off'],
  ['a fence', (text) => `\`\`\`\n${text}\`\`\`\n`, 'line 1: a fence, taken off'],
  [
    'a mail with a fence',
    (text) => lines(`~~~text\n${text}~~~\n`, (line) => `> ${line}`),
    'a fence, taken off',
  ],
];

describe.each(wrappings)('%s', (_name, wrap, note) => {
  test.each([...whole.slice(0, 12), { id: 'small', text: small }].map(({ id, text }) => [id, text]))(
    'around %s is taken off, and said',
    (_id, text) => {
      const { text: left, capture, notes } = read(wrap(text));
      expect({ left, capture }).toEqual({ left: text, capture: asItIs(text).capture });
      expect(notes.join('\n')).toContain(note);
    },
  );

  test('around the output of lsvmbus, too', () => {
    expect(read(wrap(lsvmbus)).capture).toEqual(asItIs(lsvmbus).capture);
  });
});

describe.each([1, 2, 3, 4, 5, 6, 7])('%d blanks before each line', (blanks) => {
  test.each([...withHwirqs, { id: 'small', text: small }].map(({ id, text }) => [id, text]))(
    '%s',
    (_id, text) => {
      const { text: left, capture, notes } = read(lines(text, (line) => ' '.repeat(blanks) + line));
      expect({ left, capture }).toEqual({ left: text, capture: asItIs(text).capture });
      expect(notes.join('\n')).toContain(
        `${blanks} ${blanks === 1 ? 'blank' : 'blanks'} before each line, taken off`,
      );
    },
  );
});

test('a capture as it is has no notes', () => {
  const notes = whole.map(({ text }) => asItIs(text).notes).filter((said) => said.length > 0);
  // Captures of some architectures have rows of interrupts only.
  for (const said of notes) expect(said).toEqual([expect.stringMatching(/^the text ends with interrupt/)]);
  expect(notes.length).toBeLessThan(whole.length / 2);
});

test.each<[string, string, string]>([
  ['two captures', small + small, 'c:6:1: expected one capture: a second one begins here'],
  ['a diff', `--- a\n+++ b\n@@ -1,2 +1,2 @@\n ${small}`, 'c:3:1: expected a capture: this is a diff'],
  ['tabs', small.replace('        45', '\t45'), 'c:3:6: expected blanks'],
  ['tabs in the header', small.replace(/^ {8}/, '\t'), 'c:1:1: expected blanks'],
  ['squeezed blanks', small.replaceAll(/ +/g, ' '), 'c:1:1: expected 11 to 18 blanks'],
  [
    'rows alone',
    small.slice(small.indexOf('\n') + 1),
    'c:1:1: expected the line with the CPUs above the rows',
  ],
  [
    'text above',
    `On Friday you wrote:\n${small}`,
    'c:1:1: expected nothing but the capture: it begins in line 2',
  ],
  [
    'more counts than CPUs',
    small.replace('  6   PCI-MSI', '  6          7   PCI-MSI'),
    'c:3:27: expected as many counts as the header has CPUs, 2',
  ],
  [
    'more counts than CPUs in a row of the architecture',
    small.replace('0   Non', '0          0   Non'),
    'c:4:27: expected as many counts as the header has CPUs, 2',
  ],
  ['a place in quoted text', small.replace('rtc0', 'rtc0\n 8x').replaceAll(/^/gm, '> '), 'c:3:3: expected'],
])('%s: an error says what and where', (_name, text, said) => {
  expect(() => read(text)).toThrow(said);
});

test.each([
  ['between rows', small.slice(0, small.indexOf('NMI')), 'the text ends with interrupt 24: it is cut'],
  ['within a line', small.slice(0, -1), 'the last line has no newline: the text may be cut there'],
])('a text that is cut %s gets a note', (_where, text, note) => {
  expect(read(text).notes).toEqual([expect.stringContaining(note)]);
});

describe('architectures are said as they are', () => {
  const header = '           CPU0       CPU1       \n';
  const row = (label: string, text: string): string => `${label}         1          2  ${text}\n`;

  test.each([
    [
      'csky',
      header +
        '  2:        123        456   Intc V2  15 Level     csky,mptimer\n' +
        row('IPI0:', 'Empty interrupts') +
        row('IPI1:', 'Rescheduling interrupts'),
    ],
    [
      'riscv',
      header +
        '  5:        123        456   RISC-V INTC   5 Edge      riscv-timer\n' +
        row('IPI0:', 'Rescheduling interrupts') +
        row('IPI1:', 'Function call interrupts'),
    ],
    [
      'parisc',
      header +
        ' 64:        123        456             CPU  timer\n' +
        row('RES: ', ' Rescheduling interrupts') +
        row('UAH: ', ' Unaligned access handler traps') +
        row('FPA: ', ' Floating point assist traps'),
    ],
  ])('%s', (arch, text) => {
    const { capture, text: left } = read(text);
    expect(left).toBe(text);
    expect(capture).toMatchObject({ kind: 'interrupts', parsed: { arch } });
  });
});
