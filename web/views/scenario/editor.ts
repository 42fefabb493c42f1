// CodeMirror, with a scenario's words and errors. It lives in a shadow root: there it brings its styles as a sheet of
// the document's, elsewhere as <style>, which the page's policy forbids.
import {
  autocompletion,
  type CompletionContext,
  type CompletionResult,
  completionKeymap,
} from '@codemirror/autocomplete';
import { defaultKeymap, history, historyKeymap } from '@codemirror/commands';
import { yaml } from '@codemirror/lang-yaml';
import { HighlightStyle, indentUnit, syntaxHighlighting } from '@codemirror/language';
import { type Diagnostic, lintGutter, lintKeymap, linter } from '@codemirror/lint';
import { EditorState } from '@codemirror/state';
import { EditorView, highlightActiveLine, keymap, lineNumbers } from '@codemirror/view';
import { tags } from '@lezer/highlight';
import type { Problem } from '../../worker/editor-protocol.js';
import { type JsonSchema, wordsAt } from './schema-words.js';
import { placeAtEnd } from './yaml-place.js';

export interface EditorOptions {
  readonly text: string;
  /** What words come from. */
  schema(): JsonSchema;
  check(text: string): Promise<readonly Problem[]>;
  onChange(text: string): void;
  run(): void;
}

const theme = EditorView.theme({
  '&': { height: '100%', color: 'var(--ink)', backgroundColor: 'var(--paper)', fontSize: '13px' },
  '.cm-scroller': { fontFamily: 'var(--mono)', overflow: 'auto' },
  '.cm-content': { caretColor: 'var(--ink)' },
  '.cm-cursor': { borderLeftColor: 'var(--ink)' },
  '.cm-gutters': {
    backgroundColor: 'var(--panel)',
    color: 'var(--quiet)',
    borderRight: '1px solid var(--line)',
  },
  '.cm-activeLine': { backgroundColor: 'color-mix(in srgb, var(--accent) 9%, transparent)' },
  '.cm-tooltip': { backgroundColor: 'var(--panel)', border: '1px solid var(--line)', color: 'var(--ink)' },
  '.cm-tooltip-autocomplete ul li[aria-selected]': {
    backgroundColor: 'var(--accent)',
    color: 'var(--accent-ink)',
  },
  '.cm-completionInfo': { maxWidth: '40ch' },
  // CodeMirror's own marks are pictures in data: addresses, which the page's policy forbids.
  '.cm-lint-marker-error': { content: 'normal', backgroundColor: 'var(--bad)', borderRadius: '50%' },
  '.cm-lint-marker': { width: '9px', height: '9px', margin: '4px 2px' },
  '.cm-lintRange-error, .cm-lintPoint-error': {
    backgroundImage: 'none',
    textDecoration: 'underline wavy var(--bad)',
  },
  '&.cm-focused .cm-selectionBackground, ::selection': {
    backgroundColor: 'color-mix(in srgb, var(--accent) 30%, transparent)',
  },
});

const colours = HighlightStyle.define([
  { tag: [tags.propertyName, tags.definition(tags.propertyName)], color: 'var(--accent)' },
  { tag: [tags.string, tags.content], color: 'var(--ink)' },
  { tag: tags.comment, color: 'var(--quiet)', fontStyle: 'italic' },
]);

/** Puts an editor into an element. */
export function openEditor(host: HTMLElement, options: EditorOptions): EditorView {
  const { text, schema, check, onChange, run } = options;
  // The page's own keys, such as Space, see the host of a shadow root and not what is typed into.
  host.onkeydown = (event) => event.stopPropagation();
  const root = host.shadowRoot ?? host.attachShadow({ mode: 'open' });
  const state = EditorState.create({
    doc: text,
    extensions: [
      lineNumbers(),
      highlightActiveLine(),
      history(),
      yaml(),
      indentUnit.of('  '),
      syntaxHighlighting(colours),
      theme,
      EditorView.contentAttributes.of({ 'aria-label': 'Scenario in YAML', tabindex: '0' }),
      autocompletion({ icons: false, override: [(context) => complete(context, schema())] }),
      linter(async ({ state: { doc } }) => diagnosticsOf(await check(doc.toString()), doc), { delay: 250 }),
      lintGutter(),
      // What is typed in place of a selection: the browser would put style attributes around what is left of it.
      EditorView.domEventHandlers({
        beforeinput: ({ inputType, data, isComposing }, view) => {
          if (inputType !== 'insertText' || data === null || isComposing || view.state.selection.main.empty)
            return false;
          view.dispatch({ ...view.state.replaceSelection(data), userEvent: 'input.type' });
          return true;
        },
      }),
      // Tab goes on to what is behind the editor, as everywhere in the page.
      keymap.of([
        {
          key: 'Mod-Enter',
          run: () => {
            run();
            return true;
          },
        },
        ...completionKeymap,
        ...lintKeymap,
        ...historyKeymap,
        ...defaultKeymap,
      ]),
      EditorView.updateListener.of(({ docChanged, state: { doc } }) => {
        if (docChanged) onChange(doc.toString());
      }),
    ],
  });
  return new EditorView({ state, parent: root, root });
}

/** Puts the cursor to a problem. */
export function goTo(view: EditorView, { line, column }: Problem): void {
  view.dispatch({ selection: { anchor: offsetOf(view.state.doc, line, column) }, scrollIntoView: true });
  view.focus();
}

type Doc = EditorState['doc'];

function offsetOf(doc: Doc, line: number, column: number): number {
  const { from, to } = doc.line(Math.min(doc.lines, Math.max(1, line)));
  return Math.min(to, from + column - 1);
}

function diagnosticsOf(problems: readonly Problem[], doc: Doc): Diagnostic[] {
  return problems.map(({ line, column, message }) => {
    const from = offsetOf(doc, line, column);
    const [word] = /^[^\s,}\]]+/.exec(doc.sliceString(from, from + 80)) ?? [''];
    return { from, to: from + word.length, severity: 'error', message };
  });
}

function complete({ state, pos, explicit }: CompletionContext, schema: JsonSchema): CompletionResult | null {
  const place = placeAtEnd(state.doc.sliceString(0, pos));
  if (place === undefined || (!explicit && place.typed === '' && place.kind === 'key')) return null;
  const words = wordsAt(schema, place);
  if (words.length === 0) return null;
  return {
    from: pos - place.typed.length,
    validFor: /^[\w.-]*$/,
    options: words.map(({ label, description, opens }) => ({
      label,
      type: place.kind === 'key' ? 'property' : 'constant',
      info: description,
      ...(place.kind === 'key' && { apply: opens && !place.isFlow ? `${label}:` : `${label}: ` }),
    })),
  };
}
