import { InterruptsSyntaxError, type RawIrqRow } from './parse-line.js';
import { printTail } from './print.js';
import { type InterruptsForm, type InterruptsLayout, type IrqRow, interruptsLayouts } from './table.js';

/** Rows of a table in the form that fits them. */
export interface LaidOutRows {
  readonly form: InterruptsForm;
  readonly chipWidth: number;
  readonly rows: readonly IrqRow[];
  /** Numbers of the lines that lack blanks at their end. */
  readonly trimmed: readonly number[];
}

/**
 * How the header spaces the CPUs: with seven blanks behind each, however long its number, as in 2.6.18, or in columns
 * of one width. Blanks behind the last CPU prove little, for they get lost or padded.
 */
export type HeaderGaps = 'fixed' | 'columns' | 'likely fixed' | 'either';

/** What can follow the chip's name. */
type Tail = Pick<IrqRow, 'hwirq' | 'trigger' | 'flow' | 'actions'>;

/** A way to read the part of a row behind its counts. The lower its cost, the more likely. */
interface Reading {
  readonly row: IrqRow;
  readonly cost: number;
  /** True if the line has lost the blanks that the kernel writes at its end. */
  readonly trimmed: boolean;
}

// A chip that prints itself is rare; lost blanks are rarer, and so are blanks at the edges of names.
const PRINTED_COST = 1;
const TRIMMED_COST = 2;
const ODD_PRINT_COST = 3;
const ODD_NAME_COST = 4;
/** The most blanks that a line can end in: those of an absent hwirq and of the Level/Edge column. */
const MAX_TRIMMED = 20;

const TRIGGER = /^ (Level|Edge) +/;

/** Reads the hwirq column at the start of `text`; undefined if it is not there. */
function readHwirq(
  text: string,
  layout: InterruptsLayout,
  width: number,
): { hwirq: number | null; end: number }[] {
  const ways: { hwirq: number | null; end: number }[] = [];
  const number = layout.hwirqColumn ? /^ *(\d+)/.exec(text) : null;
  if (number !== null && number[0] === ' ' + String(Number(number[1])).padStart(width)) {
    ways.push({ hwirq: Number(number[1]), end: number[0].length });
  }
  const blanks = layout.noDomain === 'nothing' ? 0 : width + (layout.noDomain === 'blanks' ? 1 : 2);
  if (text.startsWith(' '.repeat(blanks))) ways.push({ hwirq: null, end: blanks });
  return ways;
}

/** Reads `-name`, padded to eight columns, at the start of `text`. Names do not end in a blank. */
function readFlow(text: string): { flow: string; end: number } | undefined {
  if (!text.startsWith('-')) return undefined;
  for (let end = 9; end <= text.length; end++) {
    if (end > 9 && text[end - 1] === ' ') continue;
    if (end !== text.length && !text.startsWith('  ', end)) continue;
    return { flow: text.slice(1, end).trimEnd(), end };
  }
  return undefined;
}

function readActions(text: string): readonly string[] | undefined {
  if (text === '') return [];
  return text.startsWith('  ') ? text.slice(2).split(', ') : undefined;
}

/** Reads what follows the chip's name in every possible way. */
function readTails(text: string, layout: InterruptsLayout, width: number, triggers: boolean): Tail[] {
  const tails: Tail[] = [];
  for (const { hwirq, end } of readHwirq(text, layout, width)) {
    let rest = text.slice(end);
    let trigger: IrqRow['trigger'] = null;
    if (triggers) {
      const found = TRIGGER.exec(rest)?.[1];
      if (found !== 'Level' && found !== 'Edge') continue;
      trigger = found;
      if (!rest.startsWith(trigger.padEnd(8), 1)) continue;
      rest = rest.slice(9);
    }
    const flow = layout.flowNames ? readFlow(rest) : undefined;
    if (flow !== undefined) rest = rest.slice(flow.end);
    const actions = readActions(rest);
    if (actions !== undefined) tails.push({ hwirq, trigger, flow: flow?.flow ?? null, actions });
  }
  return tails;
}

function oddNames(
  chip: string,
  printed: boolean,
  { flow, actions, hwirq }: Tail,
  layout: InterruptsLayout,
): number {
  let odd = 0;
  if (actions.some((name) => name === '' || /^[ -]| {2}| $/.test(name))) odd += ODD_NAME_COST;
  if (flow !== null && hwirq === null && layout.noDomain === 'nothing' && flow.includes('-'))
    odd += ODD_NAME_COST;
  if (/[- ]$| {2}| \d+( |-|$)/.test(printed ? chip.trim() : chip.trimStart())) odd += ODD_NAME_COST;
  // On x86 the flow handler's name stands behind the chip's; a chip that is really called so is rare.
  if (/-(edge|level|fasteoi)$/.test(chip)) odd += PRINTED_COST;
  return odd;
}

/** How unlikely it is that a chip writes `text` of itself. Several pad their names, or begin with a blank. */
function printCost(text: string): number {
  const name = text.trimStart();
  const blanks = text.length - name.length;
  const usual = blanks <= 1 || text === name.padStart(8) || text === ' ' + name.padStart(8);
  return usual && !text.endsWith(' ') ? PRINTED_COST : ODD_PRINT_COST;
}

/** False for an interrupt that no kernel of the form shows: one without an action, in older forms only if it never came. */
function isShown({ actions, counts }: IrqRow, { showsIdle }: InterruptsLayout): boolean {
  return actions.length > 0 || (showsIdle && counts.some((count) => count > 0));
}

/** The likeliest reading of a row in one layout; undefined if the row does not fit it. */
function readRow(
  raw: RawIrqRow,
  layout: InterruptsLayout,
  width: number,
  chipWidth: number,
  triggers: boolean,
): Reading | undefined {
  const whole = readRest(raw, raw.rest, layout, width, chipWidth, triggers);
  if (raw.rest.endsWith(' ') || (whole !== undefined && whole.cost <= TRIMMED_COST)) return whole;
  for (let blanks = 1; blanks <= MAX_TRIMMED; blanks++) {
    const rest = raw.rest + ' '.repeat(blanks);
    const reading = readRest(raw, rest, layout, width, chipWidth, triggers);
    if (reading === undefined || (whole !== undefined && whole.cost <= reading.cost + TRIMMED_COST)) continue;
    return { row: reading.row, cost: reading.cost + TRIMMED_COST, trimmed: true };
  }
  return whole;
}

function readRest(
  raw: RawIrqRow,
  rest: string,
  layout: InterruptsLayout,
  width: number,
  chipWidth: number,
  triggers: boolean,
): Reading | undefined {
  let best: Reading | undefined;
  const { irq, counts } = raw;
  const consider = (chip: string, printed: number, tailFrom: number): void => {
    if (best !== undefined && best.cost <= printed) return;
    for (const tail of readTails(rest.slice(tailFrom), layout, width, triggers)) {
      const cost = oddNames(chip, printed > 0, tail, layout) + printed;
      if (best !== undefined && best.cost <= cost) continue;
      const row: IrqRow = { kind: 'irq', irq, counts, chip, chipPrinted: printed > 0, ...tail };
      if (!isShown(row, layout)) continue;
      if (rest.endsWith(printTail(row, layout, width))) best = { row, cost, trimmed: false };
    }
  };
  const start = rest.search(/\S/);
  if (start < 0) return undefined;
  for (let end = start + 1; end <= rest.length; end++) {
    const name = rest.slice(start, end);
    if (!name.endsWith('  ')) {
      const field = layout.beforeChip + pad(name, layout, chipWidth);
      if (rest.startsWith(field)) consider(name, 0, field.length);
    }
    const printed = layout.beforePrintedChip;
    if (rest.startsWith(printed) && start >= printed.length) {
      const text = rest.slice(printed.length, end);
      consider(text, printCost(text), end);
    }
    if (best?.cost === 0) break;
  }
  return best;
}

function pad(name: string, layout: InterruptsLayout, chipWidth: number): string {
  const columns = layout.chipWidth ?? chipWidth;
  return layout.chipAlign === 'left' ? name.padEnd(columns) : name.padStart(columns);
}

/** The rows in one form, up to the first that does not fit it, or until they cost as much as `limit`. */
function readRows(
  raws: readonly RawIrqRow[],
  form: InterruptsForm,
  width: number,
  chipWidth: number,
  triggers: boolean,
  limit: number,
): { rows: IrqRow[]; trimmed: number[]; cost: number } {
  const rows: IrqRow[] = [];
  const trimmed: number[] = [];
  let cost = 0;
  for (const raw of raws) {
    const reading = readRow(raw, interruptsLayouts[form], width, chipWidth, triggers);
    if (reading === undefined) break;
    rows.push(reading.row);
    if (reading.trimmed) trimmed.push(raw.row);
    cost += reading.cost;
    if (cost >= limit) break;
  }
  return { rows, trimmed, cost };
}

/** Widths that the chip column of form 7.2 can have, by where the first row's names could end. */
function chipWidths(raws: readonly RawIrqRow[], form: InterruptsForm): number[] {
  const widths = [8];
  if (interruptsLayouts[form].chipWidth !== null || raws.length === 0) return widths;
  for (const blank of raws[0].rest.slice(2).matchAll(/(?<=\S) +(?=\S|$)/g)) {
    for (let columns = Math.max(9, blank.index); columns < blank.index + blank[0].length; columns++)
      widths.push(columns);
  }
  return widths;
}

/**
 * Finds the form that explains all interrupts' rows at the least cost, and reads them in it.
 *
 * @param archGap blanks before the texts of x86's own rows, if there are any.
 */
export function layoutIrqRows(
  raws: readonly RawIrqRow[],
  width: number,
  gaps: HeaderGaps,
  archGap: number | undefined,
): LaidOutRows {
  const forms = candidateForms(width, gaps, archGap);
  let best: (LaidOutRows & { cost: number }) | undefined;
  let furthest = 0;
  for (const form of forms) {
    for (const chipWidth of chipWidths(raws, form)) {
      for (const triggers of [true, false]) {
        const limit: number = best?.cost ?? Infinity;
        const { rows, trimmed, cost } = readRows(raws, form, width, chipWidth, triggers, limit);
        furthest = Math.max(furthest, rows.length);
        if (rows.length < raws.length || cost >= limit) continue;
        best = { form, chipWidth, rows, trimmed, cost };
        if (cost === 0) return shown(best);
      }
    }
  }
  if (best !== undefined) return shown(best);
  const { row, column } = raws[furthest];
  throw new InterruptsSyntaxError(
    row,
    column,
    'chip, hwirq, flow handler and actions laid out like the rows above',
  );
}

/** Forms worth trying, the likeliest first. */
function candidateForms(width: number, gaps: HeaderGaps, archGap: number | undefined): InterruptsForm[] {
  if (gaps === 'fixed') return ['2.6.18'];
  const older: InterruptsForm[] = ['6.12', '6.13', '3.18'];
  if (gaps === 'likely fixed') older.unshift('2.6.18');
  if (gaps === 'either') older.push('2.6.18');
  if (width < 4) return older;
  return archGap === 2 ? ['7.2', ...older] : [...older, '7.2'];
}

/** 6.1 and 6.12 differ in which interrupts they show: 6.12 none without an action. */
function shown({ form, chipWidth, rows, trimmed }: LaidOutRows): LaidOutRows {
  const idle = form === '6.12' && rows.some((row) => row.actions.length === 0);
  return { form: idle ? '6.1' : form, chipWidth, rows, trimmed };
}
