import {
  isAlias,
  isMap,
  isPair,
  isScalar,
  isSeq,
  type Node,
  type Pair,
  parseDocument,
  visit,
  type YAMLMap,
} from 'yaml';
import type { Diagnostic } from './diagnostics.js';
import type { Path, Place } from './place.js';

/** A YAML text that knows where its values stand. */
export class Source {
  private readonly document;
  /** Where each line begins. */
  private readonly lineStarts: readonly number[];
  private readonly pairs = new Map<YAMLMap, ReadonlyMap<string, Pair>>();
  private readonly plain: { readonly data: unknown } | { readonly problem: string };

  constructor(
    text: string,
    readonly file: string,
  ) {
    // The check for keys that are there twice is our own: the parser's compares each key with all before it.
    this.document = parseDocument(text, {
      prettyErrors: false,
      stringKeys: true,
      uniqueKeys: false,
      // What is wrong is told with its place; the parser writes nothing to the terminal by itself.
      logLevel: 'error',
    });
    this.lineStarts = lineStartsOf(text);
    this.plain = this.toPlain();
  }

  /** What is wrong with the YAML itself. */
  get problems(): Diagnostic[] {
    const { errors, warnings } = this.document;
    const problems = [...errors, ...warnings].map(({ pos, message }) => ({
      place: this.place(pos[0]),
      message,
    }));
    problems.push(...this.repeatedKeys());
    if (problems.length > 0 || 'data' in this.plain) return problems;
    return [{ place: this.placeOf([]), message: this.plain.problem }];
  }

  /** The file's content as plain data; undefined if there are problems that leave none. */
  get data(): unknown {
    return 'data' in this.plain ? this.plain.data : undefined;
  }

  /** Aliases can name nothing, or more than there is room for. */
  private toPlain(): { readonly data: unknown } | { readonly problem: string } {
    try {
      return { data: this.document.toJS() };
    } catch (error) {
      return { problem: error instanceof Error ? error.message : String(error) };
    }
  }

  /** Where the value at `path` stands, or the innermost mapping or list on the way that exists. */
  placeOf(path: Path): Place {
    return this.place(this.find(path).offset);
  }

  /** Where the key that `path` ends with stands. */
  placeOfKey(path: Path): Place {
    return this.place(this.find(path).keyOffset);
  }

  /** What a number's text is in the file: as a number, 6.10 is 6.1. */
  textOf(path: Path): string | undefined {
    const { node } = this.find(path);
    return isScalar(node) ? node.source : undefined;
  }

  private repeatedKeys(): Diagnostic[] {
    const repeated: Diagnostic[] = [];
    visit(this.document, {
      Map: (_, { items }) => {
        const known = new Set<string>();
        for (const { key } of items) {
          const text = keyText(key);
          if (text === undefined) continue;
          if (known.has(text))
            repeated.push({
              place: this.place(startOf(key) ?? 0),
              message: `the key ${JSON.stringify(text)} is there twice`,
            });
          known.add(text);
        }
      },
    });
    return repeated;
  }

  private place(offset: number): Place {
    // yaml's own LineCounter goes astray in broken files.
    let line = 0;
    for (let step = 1 << 30; step > 0; step >>= 1) if (this.lineStarts[line + step] <= offset) line += step;
    return { file: this.file, line: line + 1, column: offset - this.lineStarts[line] + 1 };
  }

  private pairOf(map: YAMLMap, key: string): Pair | undefined {
    let pairs = this.pairs.get(map);
    if (pairs === undefined) {
      // Of a key that is there twice the first, whose value is wrong in its own right.
      pairs = new Map(map.items.map((pair) => [keyText(pair.key) ?? '', pair] as const).reverse());
      this.pairs.set(map, pairs);
    }
    return pairs.get(key);
  }

  private find(path: Path): { node: unknown; offset: number; keyOffset: number } {
    let node: unknown = this.document.contents;
    let offset = startOf(node) ?? 0;
    let keyOffset = offset;
    for (const step of path) {
      if (isAlias(node)) node = node.resolve(this.document);
      const pair = isMap(node) ? this.pairOf(node, String(step)) : undefined;
      if (pair !== undefined) {
        keyOffset = startOf(pair.key) ?? offset;
        node = pair.value;
      } else if (isSeq(node)) {
        const item: unknown = node.items[Number(step)];
        node = isPair(item) ? item.value : item;
        keyOffset = startOf(node) ?? offset;
      } else {
        break;
      }
      offset = startOf(node) ?? keyOffset;
    }
    return { node, offset, keyOffset };
  }
}

function keyText(key: unknown): string | undefined {
  return isScalar(key) ? String(key.value) : undefined;
}

function startOf(node: unknown): number | undefined {
  return (node as Node | null | undefined)?.range?.[0];
}

function lineStartsOf(text: string): number[] {
  const starts = [0];
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  return starts;
}
