import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { ask } from '../../store/worker.js';
import type { Entry, Listed } from '../../worker/protocol.js';
import { chosen } from './chosen.js';

const S_IFMT = 0o170000;
const S_IFDIR = 0o040000;

/** The directories of the guest's files; each is read when it is opened. */
export function Tree() {
  return (
    <nav class="tree" aria-label="Files of the guest">
      <ul>
        {['/proc', '/sys', '/dev'].map((path) => (
          <Directory key={path} path={path} name={path} isOpenAtFirst={path === '/proc'} />
        ))}
      </ul>
    </nav>
  );
}

interface DirectoryProps {
  readonly path: string;
  readonly name: string;
  readonly target?: string;
  readonly isOpenAtFirst?: boolean;
}

function Directory({ path, name, target, isOpenAtFirst = false }: DirectoryProps) {
  const isOpen = useSignal(isOpenAtFirst);
  const listed = useSignal<Listed | undefined>(undefined);
  const read = async (): Promise<void> => {
    listed.value = await ask<'list'>({ kind: 'list', path });
  };
  useEffect(() => {
    if (isOpen.value) void read();
  }, [isOpen.value]);
  return (
    <li>
      <button
        type="button"
        class="entry directory"
        aria-expanded={isOpen.value}
        onClick={() => {
          isOpen.value = !isOpen.value;
        }}
      >
        {name}
        {target !== undefined && <span class="quiet"> → {target}</span>}
      </button>
      {isOpen.value && listed.value !== undefined && <Entries path={path} listed={listed.value} />}
    </li>
  );
}

function Entries({ path, listed }: { readonly path: string; readonly listed: Listed }) {
  if (!listed.ok) return <p class="quiet">{listed.code}</p>;
  if (listed.entries.length === 0) return <p class="quiet">empty</p>;
  return (
    <ul>
      {listed.entries.map((entry) => (
        <TreeEntry key={entry.name} path={`${path}/${entry.name}`} entry={entry} />
      ))}
    </ul>
  );
}

function TreeEntry({
  path,
  entry: { name, mode, target },
}: {
  readonly path: string;
  readonly entry: Entry;
}) {
  // What a symbolic link leads to is opened as a directory: almost all in sysfs are.
  if ((mode & S_IFMT) === S_IFDIR || target !== undefined)
    return <Directory path={path} name={name} {...(target !== undefined && { target })} />;
  return (
    <li>
      <button
        type="button"
        class="entry"
        aria-current={chosen.value === path}
        onClick={() => {
          chosen.value = path;
        }}
      >
        {name}
      </button>
    </li>
  );
}
