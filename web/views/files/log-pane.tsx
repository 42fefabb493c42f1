import { useSignal } from '@preact/signals';
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';
import { look } from '../../store/looking.js';

/** The latest lines of the kernel's log are shown. */
const MOST_LINES = 1000;

/** The kernel's log, which follows its end unless the reader has scrolled up. */
export function LogPane() {
  const lines = useSignal<readonly string[]>([]);
  const pre = useRef<HTMLPreElement>(null);
  const follows = useRef(true);
  useEffect(() => {
    let read = 0;
    return look({
      wish: () => ({ logFrom: read }),
      see: ({ log = [] }) => {
        read += log.length;
        if (log.length > 0) lines.value = [...lines.value, ...log].slice(-MOST_LINES);
      },
    });
  }, []);
  useLayoutEffect(() => {
    const { current } = pre;
    if (current !== null && follows.current) current.scrollTop = current.scrollHeight;
  }, [lines.value]);
  return (
    <section class="log pane" aria-labelledby="log-title">
      <h2 id="log-title" class="label">
        Kernel log
      </h2>
      <pre
        ref={pre}
        role="log"
        tabIndex={0}
        aria-label="Kernel log"
        onScroll={({ currentTarget: { scrollTop, scrollHeight, clientHeight } }) => {
          follows.current = scrollTop + clientHeight >= scrollHeight - 4;
        }}
      >
        {lines.value.join('')}
      </pre>
    </section>
  );
}
