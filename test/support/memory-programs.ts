// Random programs at the loop level, as text: loads and stores of arguments, scratch and views, in loops and branches, under
// the names that loops carry and branches give, and in functions that are called.

import fc from "fast-check";

/** One statement; `at` and `of` choose among the names that are in sight. */
interface Statement {
  readonly kind: "load" | "store" | "alloc" | "fresh" | "view" | "read" | "write" | "choose" | "for" | "if" | "swap";
  readonly of: number;
  readonly at: number;
  readonly value: number;
  readonly body: readonly Statement[];
}

const helpers = `private func @read(%m: memref<f64[4]>) -> f64 {
  %first = load %m[0] : f64
  return %first
}

private func @write(%x: f64, %m: inout memref<f64[4]>) {
  store %x, %m[2]
  return
}

`;

const natural = fc.nat({ max: 30 });
const plain = fc.constantFrom(
  "load",
  "load",
  "load",
  "store",
  "store",
  "alloc",
  "fresh",
  "view",
  "read",
  "write",
  "choose",
);
const holding = fc.constantFrom("for", "for", "if", "swap");

const statements = fc.letrec<{ readonly block: Statement[]; readonly statement: Statement }>((tie) => ({
  statement: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    {
      weight: 6,
      arbitrary: fc.record({ kind: plain, of: natural, at: natural, value: natural, body: fc.constant([]) }),
    },
    {
      weight: 2,
      arbitrary: fc.record({ kind: holding, of: natural, at: natural, value: natural, body: tie("block") }),
    },
  ),
  block: fc.array(tie("statement"), { minLength: 1, maxLength: 5 }),
}));

/** What can be named where a statement stands. */
interface Scope {
  readonly numbers: readonly string[];
  readonly memory: readonly string[];
  readonly indices: readonly string[];
}

class Writer {
  readonly lines: string[] = [];
  #names = 0;

  name(stem: string): string {
    return `%${stem}${this.#names++}`;
  }

  block(body: readonly Statement[], given: Scope, indent: string): Scope {
    return body.reduce((scope, statement) => this.#statement(statement, scope, indent), given);
  }

  #statement({ kind, of, at, value, body }: Statement, scope: Scope, indent: string): Scope {
    const pick = (from: readonly string[], n: number): string => from[n % from.length];
    const say = (line: string): void => void this.lines.push(indent + line);
    const memory = pick(scope.memory, of);
    const other = pick(scope.memory, value);
    const x = pick(scope.numbers, value);
    const place = pick(scope.indices, at);
    const number = (stem: string, text: string): Scope => {
      const name = this.name(stem);
      say(`${name} = ${text}`);
      return { ...scope, numbers: [...scope.numbers, name] };
    };
    const named = (stem: string, text: string): Scope => {
      const name = this.name(stem);
      say(`${name} = ${text}`);
      return { ...scope, memory: [...scope.memory, name] };
    };
    const inner = `${indent}  `;
    switch (kind) {
      case "load":
        return number("x", `load ${memory}[${place}] : f64`);
      case "store":
        say(`store ${x}, ${memory}[${place}]`);
        return scope;
      case "alloc":
        return named("m", "alloc : memref<f64[4]>");
      case "fresh": {
        const name = this.name("m");
        say(`${name} = alloc init = any : memref<f64[4]>`);
        say(`fill ${x}, ${name}[0 to 4]`);
        return { ...scope, memory: [...scope.memory, name] };
      }
      case "view":
        return named("v", `view ${memory} : memref<f64[4]>`);
      case "read":
        return number("r", `call @read(${memory}) : f64`);
      case "write":
        say(`call @write(${x}, ${memory})`);
        return scope;
      case "choose":
        return named("c", `if %p : memref<f64[4]> { yield ${memory} } else { yield ${other} }`);
      case "if":
        say("if %p {");
        this.block(body, scope, inner);
        say("  yield");
        say("}");
        return scope;
      case "for": {
        const i = this.name("i");
        say(`for ${i}: index = 0 to ${at % 5} {`);
        this.block(body, { ...scope, indices: [...scope.indices, i] }, inner);
        say("  yield");
        say("}");
        return scope;
      }
      default: {
        const [a, b, c, d, i] = ["a", "b", "c", "d", "i"].map((stem) => this.name(stem));
        const bound = `carry(${a}: memref<f64[4]> = ${memory}, ${b}: memref<f64[4]> = ${other})`;
        say(`${c}, ${d} = for ${i}: index = 0 to ${at % 5} ${bound} : memref<f64[4]>, memref<f64[4]> {`);
        const inside = { ...scope, memory: [...scope.memory, a, b], indices: [...scope.indices, i] };
        this.block(body, inside, inner);
        say(`  yield ${b}, ${a}`);
        say("}");
        return { ...scope, memory: [...scope.memory, c, d] };
      }
    }
  }
}

function write(body: readonly Statement[]): string {
  const writer = new Writer();
  writer.lines.push(
    "func @main(%p: bool, %a: inout memref<f64[4]>, %b: inout memref<f64[4]>) -> f64 {",
    "  %one = constant 1 : f64",
  );
  const { numbers } = writer.block(body, { numbers: ["%one"], memory: ["%a", "%b"], indices: ["0", "1", "3"] }, "  ");
  const sum = numbers.reduce((before, x) => {
    const name = writer.name("s");
    writer.lines.push(`  ${name} = add ${before}, ${x} : f64`);
    return name;
  });
  writer.lines.push(`  return ${sum}`, "}");
  return `${helpers}${writer.lines.join("\n")}\n`;
}

/** The text of a function @main of a bool and two pieces of memory that gives a number. No subscript is out of range. */
export const memoryPrograms = fc.array(statements.statement, { minLength: 4, maxLength: 14 }).map(write);
