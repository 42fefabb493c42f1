import type { Irq } from '../../lib/brand.js';
import type { InterruptOptions } from '../options/interrupts.js';
import type { Path, Report } from '../place.js';
import type { RaiseOptions } from '../port.js';
import type { CpuNumbers } from './cpu-numbers.js';

/** What a file says of a line. */
interface KnownLine {
  readonly flow: InterruptOptions['flow'];
  readonly names: Set<string>;
}

/** A line that a device asserts. */
export type RaisedLine = RaiseOptions & { readonly irq: Irq };

/**
 * The lines outside VMBus that a file speaks of, and the names of their devices: whoever has a device assert its line
 * must name one that is there at some time. Lines that the file does not list, such as those of PCI functions, may be
 * anything.
 */
export class LinesInUse {
  private readonly known = new Map<Irq, KnownLine>();
  private readonly mentions: (() => void)[] = [];

  constructor(
    private readonly report: Report,
    private readonly cpus: CpuNumbers,
  ) {}

  /** A line is there, from the start or from some step on. */
  plug({ irq, flow, name }: InterruptOptions): void {
    const names = this.known.get(irq)?.names ?? new Set<string>();
    for (const one of name?.split(', ') ?? []) names.add(one);
    this.known.set(irq, { flow, names });
  }

  /** A driver of this name requests a line. */
  request(irq: Irq, name: string): void {
    this.known.get(irq)?.names.add(name);
  }

  /** A device asserts a line, be it a later one. `at`: path of the mapping with `name` and `cpu`. */
  mention(raised: RaisedLine, at: Path): void {
    this.cpus.check(raised.cpu, [...at, 'cpu']);
    this.mentions.push(() => this.checkRaised(raised, at));
  }

  /** Reports what was mentioned and no line has. */
  finish(): void {
    for (const check of this.mentions) check();
  }

  private checkRaised({ irq, name, cpu }: RaisedLine, at: Path): void {
    const line = this.known.get(irq);
    if (line === undefined) return;
    if (line.flow === 'percpu' && cpu === undefined)
      this.report(at, `interrupt ${irq} is a per-CPU line: say of which CPU, with "cpu"`);
    if (line.flow !== 'percpu' && cpu !== undefined)
      this.report([...at, 'cpu'], `interrupt ${irq} goes where its affinity says, without "cpu"`);
    if (name === undefined || line.names.has(name)) return;
    const known = [...line.names].join(', ') || 'none';
    this.report([...at, 'name'], `interrupt ${irq} has no device ${name}; known: ${known}`);
  }
}
