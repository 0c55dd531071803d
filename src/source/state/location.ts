// Locations: the storage of variables, fields and array elements in the abstract state.

/** A variable, a field, or all elements of an array. It holds one abstract value at a time. */
export class Location {
  /** Identifies the location in every reading of the text. */
  readonly key: string;
  /** The name hint of its values: for the contents of an array, the first variable that holds the array. */
  name: string;
  /** How many locations were made before it. */
  readonly age: number;
  /**
   * `once`: assigned once, at its definition. `guarded`: read only under a guard that implies an assignment, so definite
   * assignment is not checked: results of early returns. `plain`: the others.
   */
  use: "once" | "guarded" | "plain";
  /** Whether it belongs to a tuple or object, and so is reached only through it. */
  readonly isField: boolean;

  constructor(key: string, name: string, age: number, use: Location["use"], isField: boolean) {
    this.key = key;
    this.name = name;
    this.age = age;
    this.use = use;
    this.isField = isField;
  }

  /** The name in messages. */
  get described(): string {
    return this.use === "guarded" ? `the ${this.name}` : `'${this.name}'`;
  }
}
