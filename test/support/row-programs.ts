// Random programs at the loop level, as text: loops over the same rows, one behind another, that read and write elements of
// their own row and of others, check subscripts, and are seen from outside. Whatever is read was written before.

import fc from "fast-check";

/** One operation on an element: `x` is read, `y` written, at subscripts that the numbers choose. */
interface Step {
  readonly kind: "move" | "exp" | "add" | "check" | "show";
  readonly x: number;
  readonly y: number;
  readonly from: number;
  readonly to: number;
}

/** A loop over rows, with steps on whole rows in loops of their own, or on one element; carried sums are returned. */
interface Rows {
  readonly range: number;
  readonly sums: boolean;
  readonly inner: readonly { readonly isLoop: boolean; readonly steps: readonly Step[] }[];
}

const natural = fc.nat({ max: 30 });

const step = fc.record<Step>({
  kind: fc.constantFrom("move", "move", "exp", "add", "add", "check", "show"),
  x: natural,
  y: natural,
  from: natural,
  to: natural,
});

const rows = fc.record<Rows>({
  range: fc.nat({ max: 5 }),
  sums: fc.boolean(),
  inner: fc.array(fc.record({ isLoop: fc.boolean(), steps: fc.array(step, { minLength: 1, maxLength: 2 }) }), {
    minLength: 1,
    maxLength: 3,
  }),
});

const count = 4;
const memory = ["%in", "%out", "%a", "%b", "%c"];
/** Mostly the row of the loop itself. */
const places = ["%i", "%i", "%i", "%i", "%i", "%i", "%i", "%i", "-%i+3", "2"];
const ranges = [`0 to ${count}`, `0 to ${count}`, `0 to ${count}`, `0 to ${count}`, `1 to ${count}`, "0 to 3"];

/** A function `main` of three places, memory that is read, memory that is read and written, and memory for a result. */
export const rowPrograms = fc
  .tuple(fc.array(rows, { minLength: 1, maxLength: 4 }), natural)
  .map(([loops, final]) => textOf(loops, final));

function textOf(loops: readonly Rows[], final: number): string {
  const lines: string[] = [];
  let names = 0;
  const name = (stem: string): string => `%${stem}${names++}`;
  const pick = (from: readonly string[], n: number): string => from[n % from.length];
  const say = (depth: number, line: string): void => void lines.push("  ".repeat(depth) + line);

  const steps = (given: readonly Step[], column: string, depth: number): string => {
    let last = "%zero";
    for (const { kind, x, y, from, to } of given) {
      const read = name("x");
      if (kind === "show") {
        say(depth, `${name("seen")} = probe ${pick(["%out", "%a"], x)}, name = "seen" : memref<f64[4, 3]>`);
        continue;
      }
      let at = pick(places, from);
      if (kind === "check") {
        const [place, checked] = [name("p"), name("s")];
        say(depth, `${place} = load %at[${column}] : i32`);
        say(depth, `${checked} = subscript ${place}, of = "row ${names}", axis = 0, extent = 4 : index`);
        at = checked;
      }
      const other = pick([column, column, "1"], x + to);
      say(depth, `${read} = load ${pick(memory, x)}[${at}, ${other}] : f64`);
      const value = name("y");
      if (kind === "add") say(depth, `${value} = add ${read}, ${last} : f64`);
      else say(depth, `${value} = ${kind === "exp" ? "tanh" : "neg"} ${read} : f64`);
      say(depth, `store ${value}, ${pick(memory.slice(1), y)}[${pick(places, to)}, ${other}]`);
      last = value;
    }
    return last;
  };

  const sums: string[] = [];
  for (const { range, sums: isSum, inner } of loops) {
    const sum = name("sum");
    const head = `for %i: index = ${pick(ranges, range)}`;
    say(1, isSum ? `${sum} = ${head} carry(%acc: f64 = %zero) : f64 {` : `${head} {`);
    const next = name("next");
    let last = "%zero";
    // a sum over all elements, through both loops
    const isDeep = isSum && inner.length === 1 && inner[0].isLoop;
    for (const { isLoop, steps: given } of inner) {
      if (isDeep) say(2, `${next} = for %j: index = 0 to 3 carry(%part: f64 = %acc) : f64 {`);
      else if (isLoop) say(2, "for %j: index = 0 to 3 {");
      const value = steps(given, isLoop ? "%j" : "1", isLoop ? 3 : 2);
      if (isDeep) {
        say(3, `%more = add %part, ${value} : f64`);
        say(3, "yield %more");
      }
      if (isLoop) say(2, "}");
      else last = value;
    }
    if (isSum) {
      if (!isDeep) say(2, `${next} = add %acc, ${last} : f64`);
      say(2, `yield ${next}`);
    }
    say(1, "}");
    if (!isSum) continue;
    const after = name("after");
    say(1, `${after} = neg ${sum} : f64`);
    sums.push(after);
  }
  const types = sums.map(() => "f64").join(", ");
  const result = sums.length === 0 ? "" : ` -> ${sums.length === 1 ? types : `(${types})`}`;
  return `func @main(%at: memref<i32[3]>, %in: memref<f64[4, 3]>, %out: inout memref<f64[4, 3]>, %last: out memref<f64[4, 3]>)${result} {
  %zero = constant 0 : f64
  %a = alloc : memref<f64[4, 3]>
  %b = alloc init = any : memref<f64[4, 3]>
  %c = alloc init = any : memref<f64[4, 3]>
${["%b", "%c"].map((m) => nest((at) => [`%first = load %in${at} : f64`, `store %first, ${m}${at}`])).join("\n")}
${lines.join("\n")}
${nest((at) => [`%then = load ${pick(memory, final)}${at} : f64`, "%y = exp %then : f64", `store %y, %last${at}`])}
  return${sums.length === 0 ? "" : ` ${sums.join(", ")}`}
}
`;
}

/** A nest over all elements. */
function nest(body: (at: string) => readonly string[]): string {
  const lines = body("[%i, %j]").map((line) => `      ${line}`);
  return ["  for %i: index = 0 to 4 {", "    for %j: index = 0 to 3 {", ...lines, "    }", "  }"].join("\n");
}
