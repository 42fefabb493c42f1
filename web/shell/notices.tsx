import { deeds } from '../store/deeds.js';
import { failures, problems } from '../store/guest.js';
import { defect } from '../store/worker.js';
import { answerText, commandText } from '../lib/deed-text.js';

/** What the guest answered to what was done last, and what is wrong. */
export function Notices() {
  const last = deeds.value.at(-1);
  return (
    <div class="notices">
      {defect.value !== undefined && (
        <pre role="alert" class="notice bad">
          {isOfPlugin(defect.value)
            ? 'A plug-in is wrong: correct it, and start irqlab web again. '
            : 'A defect of irqlab: please report it with what you did. '}
          {defect}
        </pre>
      )}
      {problems.value.length > 0 && (
        <ul role="alert" class="notice bad">
          {problems.value.map(({ line, column, message }) => (
            <li key={`${line}:${column} ${message}`}>
              line {line}, column {column}: {message}
            </li>
          ))}
        </ul>
      )}
      {failures.value.length > 0 && (
        <ul role="alert" class="notice bad">
          {failures.value.slice(-3).map((message) => (
            <li key={message}>{message}</li>
          ))}
        </ul>
      )}
      <p role="status" class={`notice last${last?.answer.ok === false ? ' refused' : ''}`}>
        {last !== undefined && (
          <>
            <code>{commandText(last.command)}</code> <span>{answerText(last.answer)}</span>
          </>
        )}
      </p>
    </div>
  );
}

/** The server of `irqlab web --plugin` has plug-ins in a folder of their own; the first line of a stack says who threw. */
function isOfPlugin(stack: string): boolean {
  return /^plug-in |^.*(\n *at )?.*\/plug-ins\/\d/.test(stack);
}
