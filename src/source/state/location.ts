// Locations: what variables, fields and the elements of arrays are stored under while the text is read.

/** Something that holds one meaning at a time: a variable, a field, the elements of an array. */
export class Location {
  /** The same in each reading of the text. */
  readonly key: string;
  /** What values of it are called: the name of the first variable that holds it. */
  name: string;
  /** When it was made. */
  readonly age: number;
  /**
   * `once`: holds the same from its definition on. `guarded`: read only where it is known to be set, whatever the paths
   * to there: results of early returns.
   */
  use: "once" | "guarded" | "plain";
  /** Of a tuple or object: alive while that is. */
  readonly isField: boolean;

  constructor(key: string, name: string, age: number, use: Location["use"], isField: boolean) {
    this.key = key;
    this.name = name;
    this.age = age;
    this.use = use;
    this.isField = isField;
  }

  /** As messages call it. */
  get described(): string {
    return this.use === "guarded" ? `the ${this.name}` : `'${this.name}'`;
  }
}
