// A guest in the user's own time, and commands to it.
import {
  type CommandTaker,
  type ControlAnswer,
  dmesgText,
  Guest,
  GuestCommands,
  LiveGuest,
  type LiveGuestOptions,
  type LiveModel,
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
