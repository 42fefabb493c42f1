import { isAlias, isMap, isPair, isScalar, isSeq, type Node, parseDocument, visit } from 'yaml';
import type { Diagnostic } from './diagnostics.js';
import type { Path, Place } from './place.js';

/** A YAML text that knows where its values stand. */
export class Source {
  private readonly document;
  private readonly plain: { readonly data: unknown } | { readonly problem: string };

  constructor(
    private readonly text: string,
    readonly file: string,
  ) {
    this.document = parseDocument(text, { prettyErrors: false, stringKeys: true });
    this.plain = this.toPlain();
  }

  /** What is wrong with the YAML itself. */
  get problems(): Diagnostic[] {
    const { errors, warnings } = this.document;
    const problems = [...errors, ...warnings].map(({ code, pos, message }) => ({
      place: this.place(pos[0]),
      message: code === 'DUPLICATE_KEY' ? `the key ${this.keyAt(pos[0])} is there twice` : message,
    }));
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

  private keyAt(offset: number): string {
    let key = '';
    visit(this.document, {
      Scalar: (_, node) => {
        if (node.range?.[0] !== offset) return undefined;
        key = JSON.stringify(String(node.value));
        return visit.BREAK;
      },
    });
    return key;
  }

  private place(offset: number): Place {
    // yaml's own LineCounter goes astray in broken files.
    const before = this.text.slice(0, offset);
    const lineStart = before.lastIndexOf('\n') + 1;
    return { file: this.file, line: before.split('\n').length, column: before.length - lineStart + 1 };
  }

  private find(path: Path): { node: unknown; offset: number; keyOffset: number } {
    let node: unknown = this.document.contents;
    let offset = startOf(node) ?? 0;
    let keyOffset = offset;
    for (const step of path) {
      if (isAlias(node)) node = node.resolve(this.document);
      const pair = isMap(node) ? node.items.find((item) => keyText(item.key) === String(step)) : undefined;
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
