import { submits, useField } from '../../lib/use-field.js';
import { act } from '../../store/guest.js';
import { words } from '../../store/words.js';
import { frame } from './model.js';

/** What the host does: offers, latencies, and what it must not do. */
export function HostPanel() {
  return (
    <details class="pane" open>
      <summary class="label">Host</summary>
      <OfferForm />
      <LatencyForm />
      <MisbehaveForm />
    </details>
  );
}

/** A relid that no row has. */
function freeRelid(): number {
  const used = new Set(frame.value.rows.map(({ channel }) => channel?.relid));
  return Array.from({ length: 2047 }, (_, i) => i + 1).find((relid) => !used.has(relid)) ?? 1;
}

function OfferForm() {
  const driver = useField('netvsc');
  const relid = useField('');
  const subChannels = useField('');
  const offer = (): void => {
    const relids = subChannels.text.value.split(/[\s,]+/).filter((part) => part !== '');
    const given = relid.text.value === '' ? freeRelid() : Number(relid.text.value);
    const device = { driver: driver.text.value, relid: given };
    void act({ offer: relids.length === 0 ? device : { ...device, subChannels: relids.map(Number) } });
  };
  return (
    <form class="line" onSubmit={submits(offer)}>
      <button type="submit">Offer</button>
      <select aria-label="Driver of the device that is offered" {...driver.props}>
        {words.value.drivers.map((each) => (
          <option key={each}>{each}</option>
        ))}
      </select>
      <label>
        relid <input size={4} inputMode="numeric" {...relid.props} placeholder={String(freeRelid())} />
      </label>
      <label>
        sub-channels <input size={6} {...subChannels.props} placeholder="none" />
      </label>
    </form>
  );
}

const latencies = ['modifyChannel', 'open', 'gpadl', 'message'] as const;

function LatencyForm() {
  const what = useField('modifyChannel');
  const time = useField('1ms');
  return (
    <form
      class="line"
      onSubmit={submits(() => void act({ latency: { [what.text.value]: time.text.value } }))}
    >
      <button type="submit">Latency</button>
      <select aria-label="What takes the host this long" {...what.props}>
        {latencies.map((each) => (
          <option key={each}>{each}</option>
        ))}
      </select>
      <label>
        <input size={6} {...time.props} aria-label="How long it takes" />
      </label>
    </form>
  );
}

const kinds = ['signal', 'message', 'packet', 'guestSignal'] as const;

function MisbehaveForm() {
  const deed = useField('drop');
  const what = useField('signal');
  const which = useField('any');
  const misbehave = (): void => {
    const subject = /^\d+$/.test(which.text.value) ? Number(which.text.value) : which.text.value;
    void act({ host: { misbehave: { [what.text.value]: subject, do: deed.text.value } } });
  };
  return (
    <form class="line" onSubmit={submits(misbehave)}>
      <button type="submit">Misbehave</button>
      <select aria-label="What the host does instead of sending" {...deed.props}>
        {words.value.deeds.map((each) => (
          <option key={each}>{each}</option>
        ))}
      </select>
      <select aria-label="What it does it to" {...what.props}>
        {kinds.map((each) => (
          <option key={each}>{each}</option>
        ))}
      </select>
      <label>
        <input
          size={8}
          {...which.props}
          list="subjects"
          aria-label={what.text.value === 'message' ? 'Which message' : 'Relid of the channel'}
        />
      </label>
      <datalist id="subjects">
        {(what.text.value === 'message' ? words.value.messages : []).map((each) => (
          <option key={each}>{each}</option>
        ))}
      </datalist>
      <button type="button" onClick={() => void act({ host: { behave: true } })}>
        Behave
      </button>
    </form>
  );
}
