import { actOf } from '../life/acts.js';
import { Life } from '../life/life.js';
import { lifeOptions } from '../life/options.js';
import { foreignError } from '../foreign.js';
import { type Part, type Trial, unwatched, type Watch } from '../trial.js';

/** So many lives are lived twice and must come to the same. */
const TWICE_OF = 8;

/** Whole guests, all that their users and hosts do, by the whole public API. */
export const lives: Part = {
  name: 'lives',
  about: 'random lives over the whole public API, some with hosts that misbehave',
  actions: 40,
  budgetMs: 3000,

  run(trial, watch) {
    const first = live(trial, watch);
    if (first.broken !== undefined || trial.setup % TWICE_OF !== 0) return first.broken;
    const again = live(trial, { ...unwatched, step: () => watch.step() });
    watch.reached('lived twice');
    return first.digest === again.digest ? undefined : 'the same life came to something else the second time';
  },

  words(trial) {
    const said = [JSON.stringify(lifeOptions(trial.setup))];
    try {
      const life = new Life(trial.setup, unwatched);
      for (const action of trial.actions) {
        const [name, act] = actOf(life, action);
        said.push(name);
        life.perform(name, act);
      }
    } catch (error) {
      said.push(String(error));
    }
    return said;
  },
};

/** What a life came to. */
interface Lived {
  readonly broken?: string;
  /** All that its user can see at the end. */
  readonly digest?: string;
}

function live({ setup, actions }: Trial, watch: Watch): Lived {
  let life: Life;
  watch.step();
  try {
    life = new Life(setup, watch);
  } catch (error) {
    watch.reached('options refused');
    return { broken: foreignError(error) };
  }
  for (const action of actions) {
    watch.step();
    const broken = life.perform(...actOf(life, action));
    if (broken !== undefined) return { broken };
  }
  watch.step();
  return { broken: life.end(), digest: life.digest() };
}
