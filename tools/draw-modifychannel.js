// Draws docs/modifychannel.svg: a traced MODIFYCHANNEL as a timeline, with the host's signals before, while and after the
// host follows. Needs a build: npm run build && node tools/draw-modifychannel.js
import { writeFileSync } from 'node:fs';
import { Guest } from '../dist/index.js';

const RELID = 16;
const [FROM, TO] = [1, 3];
const SPAN_US = 700;
const SIGNAL_EVERY_US = 50;
const MOVE_AT_US = 160;

/** What happens, as [us, lane, name] each. */
function happenings() {
  const vm = Guest.create({
    cpus: 4,
    devices: [{ driver: 'netvsc', relid: 13, channels: 2, subChannels: [RELID] }],
  });
  vm.channel(RELID).moveTo(FROM);
  vm.run({ ms: 5 });
  const trace = vm.trace({ events: ['irq:irq_handler_entry', 'hyperv', 'lab'] });
  const start = vm.now;
  const startNs = vm.tracer.now;
  for (let us = 25; us < SPAN_US; us += SIGNAL_EVERY_US) vm.at(start + us * 1000, () => vm.signal(RELID, 1));
  vm.run({ us: MOVE_AT_US });
  vm.channel(RELID).setCpu(TO);
  vm.run({ us: SPAN_US - MOVE_AT_US });
  return [...trace].map(({ ns, cpu, event, values }) => {
    const isHosts = event.name.startsWith('host_');
    return { us: (ns - startNs) / 1000, lane: isHosts ? 'Hyper-V' : `CPU ${cpu}`, name: event.name, values };
  });
}

const LANES = ['Hyper-V', 'CPU 0', `CPU ${FROM}`, `CPU ${TO}`];
const LEFT = 90;
const WIDTH = 700;
const LANE_HEIGHT = 56;
const TOP = 40;
const yOf = (lane) => TOP + LANES.indexOf(lane) * LANE_HEIGHT + LANE_HEIGHT / 2;
const xOf = (us) => Number((LEFT + (us / SPAN_US) * WIDTH).toFixed(1));

/** Steps of the move, in words above their mark. */
const words = {
  vmbus_send_modifychannel: 'MODIFYCHANNEL',
  host_modified: 'the host follows',
  vmbus_onmodifychannel_response: 'response',
};

function drawn({ us, lane, name, values }) {
  const [x, y] = [xOf(us), yOf(lane)];
  if (words[name] !== undefined) {
    const below = name === 'vmbus_onmodifychannel_response' ? 20 : -10;
    return `<path d="M${x} ${y - 8}V${y + 8}" stroke="#c33" stroke-width="2"/><text x="${x + 3}" y="${y + below}" fill="#c33">${words[name]}</text>`;
  }
  if (name === 'host_signal') {
    const to = yOf(`CPU ${values.vp}`);
    return `<circle cx="${x}" cy="${y}" r="3" fill="#36c"/><path d="M${x} ${y + 3}V${to - 9}" stroke="#9bd" marker-end="url(#arrow)"/>`;
  }
  if (name === 'irq_handler_entry')
    return `<rect x="${x - 3}" y="${y - 8}" width="6" height="16" fill="#393"/>`;
  return '';
}

const bottom = TOP + LANES.length * LANE_HEIGHT;
const ticks = Array.from({ length: SPAN_US / 100 + 1 }, (_, i) => i * 100);
const lines = [
  `<svg xmlns="http://www.w3.org/2000/svg" width="${LEFT + WIDTH + 30}" height="${bottom + 50}" font-family="sans-serif" font-size="12">`,
  '<defs><marker id="arrow" viewBox="0 0 6 6" refX="5" refY="3" markerWidth="5" markerHeight="5" orient="auto"><path d="M0 0L6 3L0 6z" fill="#9bd"/></marker></defs>',
  '<rect width="100%" height="100%" fill="#fff"/>',
  `<text x="10" y="20">Channel ${RELID} moves from CPU ${FROM} to CPU ${TO}: signals go to CPU ${FROM} until the host has followed</text>`,
  ...LANES.map(
    (lane) =>
      `<text x="10" y="${yOf(lane) + 4}">${lane}</text><path d="M${LEFT} ${yOf(lane)}H${LEFT + WIDTH}" stroke="#ddd"/>`,
  ),
  ...happenings()
    .map(drawn)
    .filter((text) => text !== ''),
  ...ticks.map(
    (us) => `<text x="${xOf(us)}" y="${bottom + 16}" fill="#777" text-anchor="middle">${us} us</text>`,
  ),
  `<circle cx="${LEFT + 6}" cy="${bottom + 34}" r="3" fill="#36c"/><text x="${LEFT + 16}" y="${bottom + 38}">lab:host_signal</text>`,
  `<rect x="${LEFT + 130}" y="${bottom + 26}" width="6" height="16" fill="#393"/><text x="${LEFT + 142}" y="${bottom + 38}">irq:irq_handler_entry</text>`,
  '</svg>',
];
writeFileSync(new URL('../docs/modifychannel.svg', import.meta.url), `${lines.join('\n')}\n`);
