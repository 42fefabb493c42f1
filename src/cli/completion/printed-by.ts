// The library for completion prints by console.log.
import console from 'node:console';

/** What `work` prints, instead of printing it. */
export function printedBy(work: () => void): string {
  const { log } = console;
  let text = '';
  console.log = (line: string) => {
    text += `${line}\n`;
  };
  try {
    work();
  } finally {
    console.log = log;
  }
  return text;
}
