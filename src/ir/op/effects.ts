// What running an operation does beside giving its results: memory that it reads and writes, errors, what is seen of it.

/** Over the names of operands in an op's record; over values where it is said of one operation. */
export interface EffectsOn<T> {
  /** What it reads the memory of. */
  readonly reads: readonly T[];
  /** What it writes to the memory of. */
  readonly writes: readonly T[];
  /** Its results are fresh memory, or a fresh list: two equal operations give two different things. */
  readonly allocates: boolean;
  /** It may end the run with an error; of an op that has a subscript, `%x[%i]`, only where that is out of range. */
  readonly fails: boolean;
  /** It is seen from outside of the run: it stays, in its order. */
  readonly observable: boolean;
}

/** The effects of an op: `reads` and `writes` name operands. */
export type OpEffects = EffectsOn<string>;

/** The effects of an op that states none: it is pure. */
export const noEffects: OpEffects = Object.freeze({
  reads: Object.freeze([]),
  writes: Object.freeze([]),
  allocates: false,
  fails: false,
  observable: false,
});

/** All effects, given some. */
export function completeEffects(given: Partial<OpEffects>): OpEffects {
  return Object.freeze({
    reads: Object.freeze([...(given.reads ?? [])]),
    writes: Object.freeze([...(given.writes ?? [])]),
    allocates: given.allocates ?? false,
    fails: given.fails ?? false,
    observable: given.observable ?? false,
  });
}

/** Whether it only gives its results: it may be removed where these are unused, merged with its equal, and moved. */
export function isPure(effects: EffectsOn<unknown>): boolean {
  return !effects.fails && !effects.observable && !touchesMemory(effects);
}

/** `pure`: free to remove, merge and move. `mayFail`: that too where it surely does not fail. `effect`: stays as it is. */
export type Effect = "pure" | "mayFail" | "effect";

/** Effects in a word. */
export function effectOf(effects: EffectsOn<unknown>): Effect {
  if (isPure(effects)) return "pure";
  return effects.observable || touchesMemory(effects) ? "effect" : "mayFail";
}

/** Whether it may run where it did not, and not run where it did: nothing tells but its results. */
export function isSilent(effects: EffectsOn<unknown>): boolean {
  return !effects.fails && !mustStay(effects);
}

/** Whether it is never removed, merged or reordered, however little its results are used. */
export function mustStay({ observable, writes }: EffectsOn<unknown>): boolean {
  return observable || writes.length > 0;
}

/** Whether it makes, reads or writes memory, or makes a list: when it runs matters, and two equal ones are two. */
export function touchesMemory({ reads, writes, allocates }: EffectsOn<unknown>): boolean {
  return allocates || reads.length > 0 || writes.length > 0;
}

/** `pure`, or what it does: `reads memory, may fail`. */
export function printEffects({ reads, writes, allocates, fails, observable }: OpEffects): string {
  const parts = [
    ...reads.map((name) => `reads ${name}`),
    ...writes.map((name) => `writes ${name}`),
    ...(allocates ? ["allocates"] : []),
    ...(fails ? ["may fail"] : []),
    ...(observable ? ["observable"] : []),
  ];
  return parts.length === 0 ? "pure" : parts.join(", ");
}
