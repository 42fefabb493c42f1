// Tries mutants of one folder of src with the tests of the folder of the same name in test, in a process that has them
// loaded, one mutant at a time.
import { fork } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { twinsIn, withoutTwins } from '../twins/plain-form.js';
import { mutantsOf } from './mutate.js';

const root = fileURLToPath(new URL('../../', import.meta.url));
const worker = fileURLToPath(new URL('worker.js', import.meta.url));

/** A test that takes more than this by itself is not run against mutants, in ms of CPU. */
const LONGEST_TEST_MS = 3000;
/** Of a mutant's tests, shortest first, those are run that take so much together, in ms of CPU. */
const LONGEST_TESTS_MS = 20_000;
/** A test may ask as many times as often for mutants as without one; or take so long, on a machine that others use. */
const PATIENCE = 10;
const LEAST_MS = 60_000;
const LEAST_CALLS = 1_000_000;
const LOADING_MS = 120_000;
/** A test by itself, on a machine that others use. */
const RECORDING_MS = 300_000;

function filesOf(folder, ending) {
  return readdirSync(root + folder, { recursive: true })
    .map((name) => `${folder}/${name}`)
    .filter((name) => name.endsWith(ending))
    .sort();
}

/**
 * All mutants of `folder` ("src/irq"), numbered through: each with its file, its line and what stands there.
 * Procedures' plain forms, which are generated, have none of their own.
 */
export function mutantsOfFolder(folder) {
  const bases = {};
  const mutants = [];
  for (const file of filesOf(folder, '.ts')) {
    const whole = readFileSync(root + file, 'utf8');
    const source = withoutTwins(whole, file);
    const lineOf = lines(whole, twinsIn(whole, file));
    bases[file] = mutants.length;
    for (const mutant of mutantsOf(source, mutants.length).mutants) {
      const was = source.slice(mutant.start, mutant.end).replace(/\s+/g, ' ');
      const lineFrom = source.lastIndexOf('\n', mutant.start - 1) + 1;
      const lineTo = source.indexOf('\n', mutant.start);
      const code = source.slice(lineFrom, lineTo < 0 ? undefined : lineTo).trim();
      const line = lineOf(mutant.start);
      mutants.push({ ...mutant, file, line, was: was.length > 80 ? `${was.slice(0, 77)}…` : was, code });
    }
  }
  return { bases, mutants };
}

/** The line in `whole` of a position in what is left of it without `cuts`. */
function lines(whole, cuts) {
  return (position) => {
    let at = position;
    for (const { start, end } of cuts) if (start <= at) at += end - start;
    return whole.slice(0, at).split('\n').length;
  };
}

/** A process with tests loaded. */
class Process {
  constructor(files, plan) {
    this.child = fork(worker, [JSON.stringify({ files, plan })], {
      cwd: root,
      execArgv: ['--no-warnings', '--max-old-space-size=3000'],
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    });
    this.loaded = this.answer(() => LOADING_MS);
  }

  /** The next result; undefined where the process has ended or took longer than `msOf(test)`, and is gone then. */
  answer(msOf) {
    const { child } = this;
    return new Promise((resolve) => {
      let timer;
      const done = (result) => {
        clearTimeout(timer);
        child.removeAllListeners();
        resolve(result);
      };
      const wait = (ms) => {
        clearTimeout(timer);
        timer = setTimeout(() => {
          this.end();
          done(undefined);
        }, ms);
      };
      wait(msOf(undefined));
      child.on('message', ({ running, result }) => {
        if (result === undefined) wait(msOf(running));
        else done(result);
      });
      child.on('exit', () => done(undefined));
    });
  }

  ask(message, msOf) {
    if (this.child.connected) this.child.send(message);
    return this.answer(msOf);
  }

  end() {
    this.child.kill('SIGKILL');
  }
}

/** The tests of one folder and the mutants that they come by. */
export class Folder {
  constructor(folder) {
    this.folder = folder;
    this.testFolder = folder.replace(/^src\//, 'test/');
    this.files = filesOf(this.testFolder, '.test.ts');
    const { bases, mutants } = mutantsOfFolder(folder);
    this.bases = bases;
    this.mutants = mutants;
  }

  async restart() {
    this.process?.end();
    this.process = new Process(this.files, { bases: this.bases });
    const loaded = await this.process.loaded;
    if (loaded?.loaded === undefined) {
      throw new Error(`${this.testFolder} does not load: ${loaded?.failed ?? 'the process ended'}`);
    }
    return loaded;
  }

  /** Runs each test without a mutant. @throws Error where one fails. */
  async record() {
    const { hits } = await this.restart();
    /** Mutants in what runs as files are loaded, which is before a mutant is switched on. */
    this.whileLoading = new Set(hits);
    const tests = await this.process.ask({ record: true }, () => RECORDING_MS);
    if (tests === undefined) throw new Error(`the tests of ${this.testFolder} end their process`);
    this.failing = tests
      .filter(({ passed, isLong }) => !passed && !isLong)
      .map(({ file, name }) => `${file}: ${name}`);
    this.tests = tests.map((test, index) => ({ ...test, index, hits: new Set(test.hits) }));
  }

  /** `tests` that pass, shortest first, as many as there is time for; `first` those that matter most. */
  affordable(tests, first = () => false) {
    let left = LONGEST_TESTS_MS;
    return tests
      .filter(({ passed, ms }) => passed && ms <= LONGEST_TEST_MS)
      .sort((a, b) => Number(first(b)) - Number(first(a)) || a.ms - b.ms)
      .filter(({ ms }) => {
        left -= ms;
        return left >= 0;
      });
  }

  patience(index) {
    return index === undefined ? LEAST_MS : LEAST_MS + PATIENCE * (this.tests[index]?.ms ?? 0);
  }

  /** @returns what found the mutant: a test's name, or what else happened; undefined where nothing did. */
  async try(mutant) {
    const killer = await this.tryAmongOthers(mutant);
    if (killer !== undefined) return killer;
    return this.whileLoading.has(mutant.id) ? this.tryAlone(mutant) : undefined;
  }

  async tryAmongOthers({ id }) {
    const covering = this.affordable(this.tests.filter(({ hits }) => hits.has(id)));
    if (covering.length === 0) return undefined;
    const chosen = covering.map(({ index, calls }) => ({ index, limit: LEAST_CALLS + PATIENCE * calls }));
    for (const isLast of [false, true]) {
      const answer = await this.process.ask({ id, chosen }, (index) => this.patience(index));
      if (answer === undefined) {
        await this.restart();
        return 'does not end';
      }
      if (answer.killer === undefined) return undefined;
      if (answer.clean) return this.nameOf(answer.killer);
      // What failed with the mutant fails without it, too: something was left behind, by this mutant or another.
      await this.restart();
      if (isLast) return this.nameOf(answer.killer);
    }
  }

  /** In a process of its own, that loads the mutant's file with it; tests that come by the file are run first. */
  async tryAlone(mutant) {
    const { file } = mutant;
    const ids = this.mutants.filter((other) => other.file === file).map(({ id }) => id);
    const tests = this.affordable(this.tests, ({ hits }) => ids.some((id) => hits.has(id)));
    const files = [...new Set(tests.map((test) => test.file))].sort();
    if (files.length === 0) return undefined;
    const alone = new Process(files, { bases: {}, alone: { file, mutant } });
    try {
      const loaded = await alone.loaded;
      if (loaded?.loaded === undefined) return 'does not load';
      const indexes = new Map(loaded.loaded.map((test, index) => [`${test.file} ${test.name}`, index]));
      const chosen = tests.map((test) => indexes.get(`${test.file} ${test.name}`));
      if (chosen.includes(undefined)) return 'other tests';
      const answer = await alone.ask(
        { id: mutant.id, chosen: chosen.map((index) => ({ index, limit: Number.MAX_SAFE_INTEGER })) },
        () => LEAST_MS + PATIENCE * LONGEST_TEST_MS,
      );
      if (answer === undefined) return 'does not end';
      return answer.killer === undefined ? undefined : tests[chosen.indexOf(answer.killer)].name;
    } finally {
      alone.end();
    }
  }

  nameOf(index) {
    return `${this.tests[index].file}: ${this.tests[index].name}`;
  }

  end() {
    this.process?.end();
  }
}
