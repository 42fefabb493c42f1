import type { PictureRow } from 'irqlab/browser';
import { submits, useField } from '../../lib/use-field.js';
import { act } from '../../store/guest.js';
import { channelNow, chosenRow, cursor, frame, move, moveBy, switchCpu } from './model.js';

/** What the cursor is at: a line or a channel, and a CPU. */
export function SelectedPanel() {
  const row = chosenRow();
  const { cpu } = cursor.value;
  const there = frame.value.cpus[cpu];
  return (
    <section class="pane" aria-labelledby="selected-title">
      <h2 id="selected-title" class="label">
        Selected
      </h2>
      <RowChoice />
      {row !== undefined && <RowFacts row={row} />}
      {row !== undefined && (row.irq !== undefined || row.channel !== undefined) && (
        <MoveForm key={row.label} row={row} />
      )}
      {row?.channel !== undefined && <ChannelForms key={row.channel.relid} row={row} />}
      {there !== undefined && (
        <p class="line">
          <CpuChoice /> is {there.isOnline ? 'online' : there.isPresent ? 'offline' : 'not plugged in'}
          <button type="button" onClick={() => void switchCpu(cpu)}>
            {there.isOnline ? 'Take offline' : there.isPresent ? 'Bring online' : 'Plug in'}
          </button>
          {there.isPresent && (
            <button type="button" onClick={() => void act({ unplugCpu: cpu })}>
              Unplug
            </button>
          )}
        </p>
      )}
    </section>
  );
}

function RowChoice() {
  return (
    <select
      aria-label="Row"
      value={cursor.value.row}
      onChange={({ currentTarget }) => {
        cursor.value = { ...cursor.value, row: Number(currentTarget.value) };
      }}
    >
      {frame.value.rows.map(({ label, name }, row) => (
        <option key={label} value={row}>
          {label}: {name}
        </option>
      ))}
    </select>
  );
}

function CpuChoice() {
  return (
    <label>
      CPU{' '}
      <input
        type="number"
        min={0}
        max={frame.value.cpus.length - 1}
        value={cursor.value.cpu}
        onInput={({ currentTarget: { valueAsNumber } }) => {
          if (frame.value.cpus[valueAsNumber] !== undefined)
            cursor.value = { ...cursor.value, cpu: valueAsNumber };
        }}
      />
    </label>
  );
}

function RowFacts({ row: { chip, irq, affinity, effective, channel } }: { readonly row: PictureRow }) {
  const now = channelNow(cursor.value.row);
  const facts: [string, string][] = [];
  if (chip !== '') facts.push(['chip', chip]);
  if (irq !== undefined) facts.push(['affinity', `${affinity} → ${effective === '' ? 'none' : effective}`]);
  if (channel !== undefined) {
    const { relid, primary, driver = 'no driver', channels } = channel;
    facts.push([
      'channel',
      `relid ${relid}${primary === relid ? '' : ` of device ${primary}`}, ${driver}, ${channels} in all`,
    ]);
  }
  if (now !== undefined) {
    facts.push([
      'host',
      now.hostCpu === now.cpu ? `interrupts CPU ${now.cpu}` : `still CPU ${now.hostCpu}, soon ${now.cpu}`,
    ]);
    facts.push(['signals', `${now.signalled}: ${now.coalesced} coalesced, ${now.lost} lost`]);
  }
  return (
    <dl class="facts">
      {facts.map(([term, text]) => (
        <div key={term}>
          <dt>{term}</dt>
          <dd>{text}</dd>
        </div>
      ))}
    </dl>
  );
}

function MoveForm({ row }: { readonly row: PictureRow }) {
  const cpus = useField(row.effective ?? '');
  return (
    <form class="line" onSubmit={submits(() => void move(row, cpus.text.value.trim()))}>
      <label>
        CPUs <input size={7} {...cpus.props} aria-label="CPUs to move to" placeholder="0-3" />
      </label>
      <button type="submit">Move</button>
      {row.channel !== undefined && row.irq !== undefined && (
        <label>
          by{' '}
          <select
            value={moveBy.value}
            onChange={({ currentTarget }) => {
              moveBy.value = currentTarget.value === 'cpu' ? 'cpu' : 'smp_affinity_list';
            }}
          >
            <option value="smp_affinity_list">smp_affinity</option>
            <option value="cpu">the channel's cpu file</option>
          </select>
        </label>
      )}
    </form>
  );
}

function ChannelForms({ row: { channel } }: { readonly row: PictureRow }) {
  const times = useField('1');
  const count = useField(String(channel?.channels ?? 1));
  if (channel === undefined) return null;
  const { relid, primary, canSetChannels } = channel;
  return (
    <>
      <form class="line" onSubmit={submits(() => void act(signal(relid, Number(times.text.value))))}>
        <button type="submit">Signal</button>
        <label>
          <input
            type="number"
            min={1}
            max={1_000_000}
            {...times.props}
            aria-label="How often the host signals"
          />{' '}
          times
        </label>
        <button type="button" class="danger" onClick={() => void act({ rescind: relid })}>
          Rescind
        </button>
      </form>
      {canSetChannels && (
        <form
          class="line"
          onSubmit={submits(
            () => void act({ channels: { relid: primary, count: Number(count.text.value) } }),
          )}
        >
          <label>
            Channels <input type="number" min={1} max={64} {...count.props} aria-label="Number of channels" />
          </label>
          <button type="submit">Set (ethtool -L)</button>
        </form>
      )}
    </>
  );
}

function signal(relid: number, times: number): object {
  return times === 1 ? { signal: relid } : { signal: relid, times };
}
