import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { act } from '../../store/guest.js';
import { look, lookSoon } from '../../store/looking.js';
import type { Read } from '../../worker/protocol.js';
import { chosen } from './chosen.js';

/** Longer texts are shown to here. */
const MOST_CHARACTERS = 400_000;
/** Reading these takes away what was read. */
const consumed = /\/trace_pipe(_raw)?$/;

/** One file: its text as it is now, and what to write to it. */
export function FilePane() {
  const path = chosen.value;
  const read = useSignal<Read | undefined>(undefined);
  useEffect(() => {
    read.value = undefined;
    let isWanted = true;
    return look({
      wish: () => (isWanted ? { files: [path] } : undefined),
      see: ({ files }) => {
        read.value = files?.[path] ?? read.value;
        if (consumed.test(path)) isWanted = false;
      },
    });
  }, [path]);
  return (
    <section class="file pane" aria-labelledby="file-title">
      <h2 id="file-title" class="label">
        File
      </h2>
      <PathField />
      <FileText path={path} read={read.value} />
      {read.value?.ok !== false && <WriteField path={path} />}
    </section>
  );
}

function FileText({ path, read }: { readonly path: string; readonly read: Read | undefined }) {
  if (read === undefined) return <p class="quiet">…</p>;
  if (!read.ok)
    return (
      <p class="refused">
        {read.code}: {read.message}
      </p>
    );
  const { text } = read;
  return (
    <pre tabIndex={0} role="region" aria-label={path}>
      {text.length > MOST_CHARACTERS
        ? `${text.slice(0, MOST_CHARACTERS)}\n… ${text.length} characters in all`
        : text}
    </pre>
  );
}

function PathField() {
  return (
    <input
      class="path"
      aria-label="Path of the file"
      spellcheck={false}
      value={chosen.value}
      onChange={({ currentTarget }) => {
        const path = currentTarget.value.trim();
        if (path.startsWith('/')) chosen.value = path;
      }}
    />
  );
}

function WriteField({ path }: { readonly path: string }) {
  const text = useSignal('');
  return (
    <form
      class="write"
      onSubmit={(event) => {
        event.preventDefault();
        void act({ write: path, data: `${text.value}\n` }).then(lookSoon);
      }}
    >
      <input
        aria-label={`What to write to ${path}`}
        placeholder="what to write"
        spellcheck={false}
        value={text.value}
        onInput={({ currentTarget }) => {
          text.value = currentTarget.value;
        }}
      />
      <button type="submit">Write</button>
    </form>
  );
}
