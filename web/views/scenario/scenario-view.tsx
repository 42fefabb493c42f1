import { useSignal } from '@preact/signals';
import type { EditorView } from '@codemirror/view';
import { useEffect, useRef } from 'preact/hooks';
import { saveFile } from '../../lib/save-file.js';
import { examples } from '../../store/examples.js';
import { load } from '../../store/guest.js';
import { words } from '../../store/words.js';
import { ask } from '../../store/worker.js';
import type { Problem } from '../../worker/editor-protocol.js';
import { BringYourOwn } from './bring-your-own.js';
import { draft, draftNow, replaceDraft } from './draft.js';
import { goTo, openEditor } from './editor.js';
import './scenario.css';
import type { JsonSchema } from './schema-words.js';

const [schema] = Object.values(
  import.meta.glob<JsonSchema>('../../../schema/scenario.schema.json', { import: 'default', eager: true }),
);

/** A scenario to write, with the words of its schema and the errors of the command line, and to run. */
export function ScenarioView() {
  const problems = useSignal<readonly Problem[]>([]);
  const view = useRef<EditorView | undefined>(undefined);
  const run = (): void => void load(draftNow());
  return (
    <div class="scenario-view">
      <section class="pane editor" aria-labelledby="editor-title">
        <div class="line">
          <h2 id="editor-title" class="label">
            Scenario
          </h2>
          <ExampleChoice />
          <NameField />
          <button
            type="button"
            class="main"
            title="Boots a guest of it (Ctrl-Enter)"
            disabled={problems.value.length > 0}
            onClick={run}
          >
            Run it
          </button>
          <button type="button" onClick={() => saveFile(draftNow().name, draftNow().text)}>
            Save
          </button>
        </div>
        <Editor
          run={run}
          onProblems={(found) => {
            problems.value = found;
          }}
          onOpen={(opened) => {
            view.current = opened;
          }}
        />
        <Problems problems={problems.value} goTo={(problem) => view.current && goTo(view.current, problem)} />
      </section>
      <BringYourOwn />
    </div>
  );
}

interface EditorProps {
  readonly run: () => void;
  readonly onProblems: (problems: readonly Problem[]) => void;
  readonly onOpen: (view: EditorView) => void;
}

function Editor({ run, onProblems, onOpen }: EditorProps) {
  const host = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (host.current === null || schema === undefined) return;
    const view = openEditor(host.current, {
      text: draftNow().text,
      schema: () => words.value.schema ?? schema,
      run,
      check: async (text) => {
        const found = await ask<'check'>({ kind: 'check', name: draftNow().name, text });
        onProblems(found);
        return found;
      },
      onChange: (text) => {
        if (text !== draftNow().text) draft.value = { name: draftNow().name, text };
      },
    });
    onOpen(view);
    // An example, or an import, comes in place of what is written; it can be undone.
    const end = draft.subscribe((given) => {
      if (given !== undefined && given.text !== view.state.doc.toString())
        view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: given.text } });
    });
    return () => {
      end();
      view.destroy();
    };
  }, []);
  return <div class="editor-host" ref={host} />;
}

function ExampleChoice() {
  return (
    <label>
      <span class="label">Begin with</span>
      <select
        value=""
        onChange={({ currentTarget }) => {
          const text = examples.get(currentTarget.value);
          if (text !== undefined) replaceDraft({ name: currentTarget.value, text });
          currentTarget.value = '';
        }}
      >
        <option value="">an example …</option>
        {[...examples.keys()].map((name) => (
          <option key={name} value={name}>
            {name.replace(/\.yaml$/, '')}
          </option>
        ))}
      </select>
    </label>
  );
}

function NameField() {
  return (
    <label>
      <span class="label">Name</span>
      <input
        class="mono"
        size={24}
        spellcheck={false}
        value={draftNow().name}
        onChange={({ currentTarget }) => {
          draft.value = { name: currentTarget.value.trim() || 'own.yaml', text: draftNow().text };
        }}
      />
    </label>
  );
}

function Problems({
  problems,
  goTo: go,
}: {
  readonly problems: readonly Problem[];
  readonly goTo: (problem: Problem) => void;
}) {
  return (
    <div class="problems" role="status" aria-label="Problems">
      {problems.length === 0 ? (
        <p class="quiet">No problems.</p>
      ) : (
        <ul>
          {problems.map((problem) => (
            <li key={`${problem.line}:${problem.column} ${problem.message}`}>
              <button type="button" class="refused" onClick={() => go(problem)}>
                {draftNow().name}:{problem.line}:{problem.column}: {problem.message}
              </button>
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}
