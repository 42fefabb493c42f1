import { type ChildProcess, spawn } from 'node:child_process';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compiledCli, inRoot } from '../root.js';
import type { Action, Part, Watch } from '../trial.js';

/** Files and directories, and what is none; only those are used that this machine and the guest both have, or both lack. */
const paths = [
  'proc/interrupts',
  'proc/stat',
  'proc/softirqs',
  'proc/irq',
  'proc/irq/default_smp_affinity',
  'proc/irq/0',
  'proc/irq/nothing',
  'sys/devices/system/cpu',
  'sys/devices/system/cpu/online',
  'sys/devices/system/cpu/possible',
  'sys/devices/system/cpu/cpu0/nothing',
];
const openFlags = [
  fs.constants.O_RDONLY,
  fs.constants.O_RDONLY | fs.constants.O_DIRECTORY,
  fs.constants.O_RDONLY | fs.constants.O_NOFOLLOW,
  fs.constants.O_RDONLY | fs.constants.O_CREAT | fs.constants.O_EXCL,
  fs.constants.O_RDONLY | fs.constants.O_NONBLOCK,
];
const names = ['x', '..', '.', 'a'.repeat(255), 'a'.repeat(256), 'online/x', 'proc\nirq', 'ü'];

const of = <T>(items: readonly T[], n: number): T => items[n % items.length];

/** One program's use of a tree of files: its open files, and what it does to them. Nothing of it changes the machine. */
class Program {
  private readonly open: number[] = [];

  constructor(
    private readonly root: string,
    private readonly shared: readonly string[],
  ) {}

  /** What the system call says: its value where both must have the same, else only that it worked; or its errno. */
  perform([kind, a, b, c]: Action): string {
    const keys = Object.keys(this.calls) as (keyof typeof this.calls)[];
    const name = of(keys, kind);
    try {
      return `${name}: ${String(this.calls[name](join(this.root, of(this.shared, a)), b, c) ?? 'done')}`;
    } catch (error) {
      return `${name}: ${(error as NodeJS.ErrnoException).code ?? String(error)}`;
    }
  }

  close(): void {
    for (const fd of this.open) fs.closeSync(fd);
  }

  private fd(n: number): number {
    return this.open.length === 0 ? -1 : of(this.open, n);
  }

  private readonly calls = {
    open: (path: string, b: number) => {
      this.open.push(fs.openSync(path, of(openFlags, b)));
    },
    close: (_path: string, b: number) => {
      if (this.open.length > 0) fs.closeSync(this.open.splice(b % this.open.length, 1)[0]);
    },
    'read the whole': (path: string) => fs.readFileSync(path).length > 0,
    'read nothing': (_path: string, b: number) =>
      this.open.length > 0 && fs.readSync(this.fd(b), Buffer.alloc(8), 0, 0, 0),
    'read some': (_path: string, b: number) =>
      this.open.length > 0 && fs.readSync(this.fd(b), Buffer.alloc(16), 0, 1, 0),
    'read far behind': (_path: string, b: number, c: number) =>
      this.open.length > 0 && fs.readSync(this.fd(b), Buffer.alloc(16), 0, 16, 10_000_000 + (c % 1000)),
    stat: (path: string) => (fs.statSync(path).mode & fs.constants.S_IFMT).toString(8),
    lstat: (path: string) => (fs.lstatSync(path).mode & fs.constants.S_IFMT).toString(8),
    fstat: (_path: string, b: number) =>
      this.open.length > 0 && (fs.fstatSync(this.fd(b)).mode & fs.constants.S_IFMT).toString(8),
    readlink: (path: string) => fs.readlinkSync(path),
    readdir: (path: string) => fs.readdirSync(path).length > 0,
    access: (path: string) => fs.accessSync(path, fs.constants.R_OK),
    'stat of what is not there': (path: string, b: number) =>
      fs.statSync(join(path, of(names, b))).isDirectory(),
    mkdir: (path: string, b: number) => fs.mkdirSync(join(path, of(names, b))),
    rmdir: (path: string) => fs.rmdirSync(path),
    unlink: (path: string) => fs.unlinkSync(path),
    symlink: (path: string) => fs.symlinkSync('x', join(path, 'x')),
    // Of directories the kernel says EPERM where it has not asked FUSE: docs/fidelity.md, src/live.
    link: (path: string) => fs.lstatSync(path).isFile() && fs.linkSync(path, join(path, 'x')),
    rename: (path: string) => fs.renameSync(path, `${path}2`),
    create: (path: string) => fs.writeFileSync(join(path, 'new'), '', { flag: 'wx' }),
    fsync: (_path: string, b: number) => this.open.length > 0 && fs.fsyncSync(this.fd(b)),
    fdatasync: (_path: string, b: number) => this.open.length > 0 && fs.fdatasyncSync(this.fd(b)),
  };
}

/** Programs on a mounted guest, beside the same ones on this machine's own /proc and /sys. */
export const mounts: Part = {
  name: 'mounts',
  about: 'system calls on a mounted guest, which must answer as this machine’s /proc and /sys do',
  actions: 200,
  budgetMs: 10_000,

  obstacle() {
    if (process.platform !== 'linux') return 'this is no Linux';
    if (process.geteuid?.() !== 0) return 'not root';
    if (!fs.existsSync('/dev/fuse')) return 'no /dev/fuse';
    return compiledCli() === undefined ? 'nothing is compiled' : undefined;
  },

  async run({ actions }, watch) {
    const mounted = await MountedGuest.mount();
    const { directory } = mounted;
    const shared = paths.filter(
      (path) => fs.existsSync(join('/', path)) === fs.existsSync(join(directory, path)),
    );
    const programs = [new Program('/', shared), new Program(directory, shared)];
    try {
      return sameAnswers(actions, programs, shared, watch);
    } finally {
      for (const program of programs) program.close();
      await mounted.unmount();
    }
  },
};

function sameAnswers(
  actions: readonly Action[],
  [real, guest]: readonly Program[],
  shared: readonly string[],
  watch: Watch,
): string | undefined {
  for (const action of actions) {
    watch.step();
    const [expected, answer] = [real.perform(action), guest.perform(action)];
    watch.reached(expected.replace(/: (\d|true|false).*/, ''));
    if (expected !== answer) return `${of(shared, action[1])}: here ${expected}, of the guest ${answer}`;
  }
  return undefined;
}

class MountedGuest {
  private constructor(
    readonly directory: string,
    private readonly child: ChildProcess,
  ) {}

  static async mount(): Promise<MountedGuest> {
    const directory = fs.mkdtempSync(join(tmpdir(), 'irqlab-hostile-'));
    const args = [
      compiledCli() ?? '',
      'mount',
      inRoot('examples/rfc-gen2-8vcpu.yaml'),
      directory,
      '--speed',
      '0',
    ];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    await new Promise((resolve, reject) => {
      child.stdout?.once('data', resolve);
      child.once('exit', (status) => reject(new Error(`irqlab mount ended with ${status}`)));
    });
    return new MountedGuest(directory, child);
  }

  async unmount(): Promise<void> {
    const ended = new Promise((resolve) => this.child.once('exit', resolve));
    this.child.kill('SIGINT');
    await ended;
    fs.rmdirSync(this.directory);
  }
}
