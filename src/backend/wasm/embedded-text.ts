// The text around the bytes of WebAssembly in a standalone module: what loads them, and its memory.

import type { Operation } from "../../ir/index.ts";
import type { HostFunction } from "./context.ts";
import type { ModuleWriter } from "./module-writer.ts";
import { alignment, dtypeOf } from "./values.ts";

/** Up to so many elements are copied faster by a loop than by a call of the engine. */
const few = 32;

/** Moves arrays into memory and out of it. */
export function transferText(): string {
  return `/** The first address behind an array that begins at one. */
function $behind(at, x) {
  return Math.ceil((at + (x.byteLength ?? 8 * x.length)) / ${alignment}) * ${alignment};
}

/** Copies an array into memory. */
function $write(x, view, at) {
  const first = at / view.BYTES_PER_ELEMENT;
  if (x.length > ${few} && !Array.isArray(x)) view.set(x, first);
  else
    for (let i = 0; i < x.length; i++) {
      if (typeof x[i] !== "number") throw new TypeError("an element is no number");
      view[first + i] = x[i];
    }
}

/** Copies memory into an array. */
function $read(x, view, at) {
  const first = at / view.BYTES_PER_ELEMENT;
  if (x.length > ${few} && !Array.isArray(x)) x.set(view.subarray(first, first + x.length));
  else for (let i = 0; i < x.length; i++) x[i] = view[first + i];
}`;
}

/** What loads the bytes; `called` names the functions of records, and memory is seen as these typed arrays. */
export function loadingText(
  bytes: Uint8Array,
  writer: ModuleWriter,
  called: readonly string[],
  arrays: ReadonlySet<string>,
): string {
  const { constants } = writer;
  const data = constants.length > 0 ? [constants] : [];
  const views = [...new Set(["Uint8Array", ...arrays])].map((name) => `wasm.${name} = new ${name}(memory.buffer);`);
  return `/** The code and its memory; \`entry\` is null where there is no WebAssembly with vectors, or a policy forbids to compile it. */
function $load(code${data.length > 0 ? ", data" : ""}) {
  const wasm = { entry: null };
  try {
${memoryText(views)}
${startText(writer, called)}
  } catch {
    // there is no WebAssembly at all
  }
  return wasm;
}

${decodingText()}

const $wasm = /* @__PURE__ */ $load(${[bytes, ...data].map((b) => `"${encoded(b)}"`).join(", ")});`;
}

/** Memory, its views, and how it grows. */
function memoryText(views: readonly string[]): string {
  return `    const number = { value: "i32", mutable: true };
    const memory = new WebAssembly.Memory({ initial: 1 });
    // the first address that is not in use: the code allocates from there on
    const top = new WebAssembly.Global(number, 0);
    const see = () => {
${indented(views)}
    };
    const reserve = (end) => {
      const pages = wasm.Uint8Array.length / 65536;
      const missing = Math.ceil(end / 65536) - pages;
      if (missing <= 0) return;
      if (missing > 65535 - pages) throw new RangeError("so much memory has no addresses");
      try {
        memory.grow(Math.min(65535 - pages, Math.max(missing, pages >> 1)));
      } catch {
        memory.grow(missing);
      }
      see();
    };`;
}

/** Constants are placed, and the code is compiled. */
function startText({ constants, hostFunctions, records }: ModuleWriter, called: readonly string[]): string {
  const isListing = hostFunctions.some(([, name]) => name.startsWith("list "));
  const imported = [
    "memory,",
    "top,",
    ...(constants.length > 0 ? [`constants: new WebAssembly.Global(number, ${alignment}),`] : []),
    ...hostFunctions.map(([key, name]) => `${JSON.stringify(key)}: ${hostTexts[name]},`),
    ...[...records].map(([key, operation], i) => `${JSON.stringify(key)}: ${crossing(operation, called[i])},`),
  ];
  const places = [
    "const constants = $decoded(data);",
    `reserve(${alignment} + constants.length);`,
    `wasm.Uint8Array.set(constants, ${alignment});`,
  ];
  const placing = constants.length > 0 ? places.map((line) => `\n    ${line}`).join("") : "";
  return `${isListing ? "    const lists = [];\n" : ""}    wasm.begin = (end) => {
      reserve(end);
      top.value = end | 0;${isListing ? "\n      lists.length = 0;" : ""}
    };
    const fail = () => {
      throw new Error("the function of JavaScript says what is wrong");
    };
    see();${placing}
    const env = {
${indented(imported)}
    };
    const bytes = $decoded(code);
    const start = ({ exports }) => {
      wasm.entry = exports.entry;
    };
    try {
      start(new WebAssembly.Instance(new WebAssembly.Module(bytes), { env }));
    } catch (error) {
      // on the main thread of a page, Chromium compiles 8 MB at once, and before version 114 no more than 4 kB
      if (error instanceof RangeError) WebAssembly.instantiate(bytes, { env }).then((made) => start(made.instance), () => {});
    }`;
}

function indented(lines: readonly string[]): string {
  return lines.map((line) => `      ${line}`).join("\n");
}

const digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

function decodingText(): string {
  return `/** Bytes out of base64, six bits a letter. */
function $decoded(text) {
  const digits = "${digits}";
  const values = new Uint8Array(128);
  for (let i = 0; i < 64; i++) values[digits.charCodeAt(i)] = i;
  const bytes = new Uint8Array(Math.floor((text.length * 3) / 4));
  for (let i = 0, bits = 0, at = 0; i < text.length; i++) {
    bits = (bits << 6) | values[text.charCodeAt(i)];
    if (i % 4 > 0) bytes[at++] = bits >> (6 - 2 * (i % 4));
  }
  return bytes;
}`;
}

/** What the code calls of the host: what tells of a failure or observes is the part of JavaScript. */
const hostTexts: Readonly<Record<HostFunction, string>> = {
  reserve: "reserve",
  check: "fail",
  range: "fail",
  probe: "() => {}",
  "list new": "() => lists.push([]) - 1",
  "list push": "(list, x) => void lists[list].push(x)",
  "list pop": "(list) => lists[list].pop() ?? 0",
  "list pop list": "(list) => lists[list].pop() ?? lists.push([]) - 1",
};

/** The function of a record by name, as code calls it: u32 comes with a sign, and bool as 0 or 1. */
function crossing({ operands, results }: Operation, name: string): string {
  const dtypes = operands.map(({ type }) => dtypeOf(type));
  if (!dtypes.some((dtype) => dtype === "u32" || dtype === "bool") && results.length === 1) return name;
  const passed = dtypes.map((dtype, i) =>
    dtype === "u32" ? `x${i} >>> 0` : dtype === "bool" ? `x${i} !== 0` : `x${i}`,
  );
  return `(${dtypes.map((_, i) => `x${i}`).join(", ")}) => ${name}(${passed.join(", ")})`;
}

/** Bytes as base64, without what fills it up. */
function encoded(bytes: Uint8Array): string {
  let text = "";
  for (let i = 0; i < bytes.length; i += 3) {
    const bits = (bytes[i] << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0);
    const count = Math.min(4, bytes.length - i + 1);
    for (let k = 0; k < count; k++) text += digits[(bits >> (18 - 6 * k)) & 63];
  }
  return text;
}
