/** A state along the path of a unit, and what is known of what to try there. Contexts are bits. Plain data. */
export interface UnitState {
  /** The context that moves on. */
  readonly chosen: number;
  readonly enabled: number;
  /** What is to be tried. */
  readonly todo: number;
  /** What has been tried, or is some unit's to try. */
  readonly done: number;
  /** What need not be tried: it only leads to what another unit runs. */
  readonly sleep: number;
  /** Of what has been tried: steps that changed more than they had announced, so that they must not sleep. */
  readonly wakeful: number;
  /** Of what has been tried or need not be: steps that leave their CPU to its other tasks (History.hasYielded). */
  readonly yielding: number;
  /** Virtual time, in nanoseconds. */
  readonly nowNs: number;
}

/** A piece of a depth-first search that can be done elsewhere: the executions that begin with a path. Plain data. */
export interface Unit {
  /** The path: the last step has not been done with this before it. Empty: the whole search. */
  readonly states: readonly UnitState[];
  /** The first of the states that only this unit has to do with: what is to be tried before it is told in `wanted`. */
  readonly floor: number;
  /** What is done in the last state before the floor, without its being known whether it must not sleep, or yields. */
  readonly unseen: number;
}

/** Something to be tried in a state before the floor, unless one of `first` is: then that will do. */
export interface Wanted {
  readonly at: number;
  readonly first: number;
  readonly add: number;
}
