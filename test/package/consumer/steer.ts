// A guest in the user's own time, and commands to it.
import {
  type ChannelNow,
  type CommandTaker,
  type ControlAnswer,
  dmesgText,
  Guest,
  GuestCommands,
  LiveGuest,
  type LiveGuestOptions,
  type LiveModel,
  MachinePicture,
  type PictureChannel,
  type PictureCpu,
  type PictureFrame,
  type PictureRow,
  type PictureWindow,
  scenarioWords,
  parseScenario,
} from 'irqlab/browser';

/** What came of half a second at double speed. */
export function useSteering(): string {
  const scenario = parseScenario('cpus: 2\ntimeline: [{at: 400ms, offline: 1}]', 'steered.yaml');
  const guest = Guest.create(scenario.guest);
  const model: LiveModel = guest;
  let nowMs = 0;
  const options: LiveGuestOptions = {
    speed: 1,
    nowMs: () => nowMs,
    sleep: () => Promise.resolve(),
    onFailure: () => {},
  };
  const live = new LiveGuest(model, scenario, options);
  const commands: CommandTaker = new GuestCommands(guest, live);
  const answer: Promise<ControlAnswer> = commands.answer('speed: 2');
  nowMs = 250;
  live.catchUp();
  return `${dmesgText(guest.log).startsWith('[')} ${live.speed} ${live.elapsedNs / 1e6}ms ${guest.cpu(1).isOnline} ${answer instanceof Promise}`;
}

/** Where a channel is, and what its row says. */
export function usePicture(): string {
  const guest = Guest.create({ cpus: 2, devices: [{ driver: 'heartbeat', relid: 7 }] });
  const picture = new MachinePicture(guest);
  const { cpus, rows }: PictureFrame = picture.frame();
  const [first]: readonly PictureCpu[] = cpus;
  const at = rows.findIndex(({ channel }: PictureRow) => channel !== undefined);
  const channel: PictureChannel | undefined = rows[at]?.channel;
  const window: PictureWindow = { firstRow: at, rows: 1, firstCpu: 0, cpus: 2 };
  const [now]: readonly ChannelNow[] = picture.channels(window);
  return `${channel?.driver} ${now?.cpu} ${picture.counts(window)} ${picture.totals(window)} ${first?.isOnline} ${scenarioWords.deeds.join(' ')}`;
}
