import { useSignal } from '@preact/signals';
import type { Captured } from 'irqlab/browser';
import { ask } from '../../store/worker.js';
import type { Imported } from '../../worker/editor-protocol.js';
import { replaceDraft } from './draft.js';

/** What a real machine prints, to make a scenario of. */
export function BringYourOwn() {
  const pasted = useSignal('');
  const said = useSignal<Imported | undefined>(undefined);
  const isBusy = useSignal(false);
  const take = async (captures: readonly Captured[]): Promise<void> => {
    isBusy.value = true;
    try {
      const imported = await ask<'import'>({ kind: 'import', captures });
      said.value = imported;
      if (imported.ok) replaceDraft({ name: 'imported.yaml', text: imported.text });
    } finally {
      isBusy.value = false;
    }
  };
  const takeFiles = async (files: readonly File[]): Promise<void> => {
    const scenario = files.find(({ name }) => /\.ya?ml$/.test(name));
    if (scenario !== undefined) return replaceDraft({ name: scenario.name, text: await scenario.text() });
    if (files.length === 0) return;
    await take(
      await Promise.all(
        files.map(async (file) => ({ file: file.name, bytes: new Uint8Array(await file.arrayBuffer()) })),
      ),
    );
  };
  return (
    <section
      class="pane own"
      aria-labelledby="own-title"
      onDragOver={(event) => event.preventDefault()}
      onDrop={(event) => {
        event.preventDefault();
        if (event.dataTransfer !== null) void takeFiles([...event.dataTransfer.files]);
      }}
    >
      <h2 id="own-title" class="label">
        Bring your own machine
      </h2>
      <p class="quiet">
        Paste a /proc/interrupts, or the output of <code>lsvmbus -vv</code>, or drop files with one of each;
        or drop what <code>irqlab record</code> wrote, or a sosreport (.tar.gz, .tar.xz). Nothing leaves this
        page.
      </p>
      <textarea
        class="mono"
        rows={8}
        spellcheck={false}
        wrap="off"
        aria-label="Text of /proc/interrupts or lsvmbus"
        value={pasted.value}
        onInput={({ currentTarget }) => {
          pasted.value = currentTarget.value;
        }}
      />
      <div class="line">
        <button
          type="button"
          disabled={pasted.value.trim() === '' || isBusy.value}
          onClick={() => take(texts(pasted.value).map((text, i) => ({ file: `pasted text ${i + 1}`, text })))}
        >
          Make a scenario of it
        </button>
        <label class="line">
          <span class="label">or files</span>
          <input
            type="file"
            aria-label="Files of a machine, or a scenario"
            multiple
            onChange={({ currentTarget }) => void takeFiles([...(currentTarget.files ?? [])])}
          />
        </label>
      </div>
      <div role="status">
        {isBusy.value && <p class="quiet">A guest is booted, to compare what it shows …</p>}
        {said.value?.ok === false && <p class="refused">{said.value.message}</p>}
        {said.value?.ok === true && (
          <>
            <p>The scenario is in the editor: its guest shows the same.</p>
            {said.value.findings === undefined ? (
              <ul>
                {said.value.notes.map((note) => (
                  <li key={note}>{note}</li>
                ))}
              </ul>
            ) : (
              <pre tabIndex={0} role="region" aria-label="What was made of the recording">
                {said.value.findings}
              </pre>
            )}
          </>
        )}
      </div>
    </section>
  );
}

/** Texts pasted behind each other, told apart by the lines with which they begin. */
function texts(pasted: string): readonly string[] {
  const found: string[][] = [];
  let kind = '';
  for (const line of pasted.split('\n')) {
    const [, begins = kind] = /^\s*(CPU|VMBUS ID)(?=\s*\d)/.exec(line) ?? [];
    if (found.length === 0 || (begins !== kind && kind !== '')) found.push([]);
    kind = begins;
    found.at(-1)?.push(line);
  }
  return found.map((lines, at) => lines.join('\n') + (at < found.length - 1 ? '\n' : ''));
}
