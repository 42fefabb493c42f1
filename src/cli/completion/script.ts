import { script } from '@bomb.sh/tab';
import { printedBy } from './printed-by.js';

/** The shells that there are scripts for. */
export type Shell = 'bash' | 'zsh' | 'fish';

/** What the package bash-completion has: the script for bash asks for it. Words are not put together at = and : here. */
const withoutBashCompletion = `
if ! declare -F _get_comp_words_by_ref >/dev/null; then
  _get_comp_words_by_ref() {
    words=("\${COMP_WORDS[@]}") cword=$COMP_CWORD cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD - 1]}
  }
fi
`;

/** The script by which a shell asks `irqlab complete` what may come next. */
export function completionScript(shell: Shell): string {
  const text = printedBy(() => script(shell, 'irqlab', 'irqlab'));
  // Other programs may have a script of the same library: what it makes read-only could not be set again.
  return shell === 'bash' ? text.replaceAll(/^readonly /gm, '') + withoutBashCompletion : text;
}
