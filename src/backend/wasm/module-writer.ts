// A module as WebAssembly: its functions, what they import, and the numbers under which the host finds the rest.

import {
  type Attribute,
  calleesFirst,
  calleesOf,
  Dense,
  type DType,
  dtypes,
  evaluateDim,
  type Func,
  LoopCounters,
  type MemRefType,
  type Module,
  type NdArray,
  type Operation,
  type Origin,
  productOf,
  requireFunc,
} from "../../ir/index.ts";
import { binaryOf, type DefinedFunction, globals, type ImportedFunction } from "./binary.ts";
import { Code } from "./code.ts";
import type { HostFunction, ModuleContext } from "./context.ts";
import type { ValueType } from "./instructions.ts";
import { emitOperation } from "./operations.ts";
import { aligned, alignment, dtypeOf, scalarType } from "./values.ts";
import type { WatNames } from "./wat.ts";
import { FunctionWriter, functionTypeOf } from "./writer.ts";

/** What the host looks up by number when it is called. */
export interface Tables {
  readonly checks: readonly { readonly message: string; readonly origin: Origin | null }[];
  readonly ranges: readonly {
    readonly of: string;
    readonly axis: number;
    readonly elements: number;
    readonly origin: Origin | null;
  }[];
  readonly probes: readonly {
    readonly name: string;
    readonly dtype: DType;
    readonly isMemory: boolean;
    readonly origin: Origin | null;
  }[];
}

export class ModuleWriter implements ModuleContext {
  readonly module: Module;
  readonly #imports = new Map<string, ImportedFunction>();
  /** An operation for each function of a record that is imported, by key. */
  readonly #records = new Map<string, Operation>();
  readonly #checks: Tables["checks"][number][] = [];
  readonly #ranges: Tables["ranges"][number][] = [];
  readonly #probes: Tables["probes"][number][] = [];
  /** What constant memory holds, and how far behind the first byte of all constants. */
  readonly #constants = new Map<Attribute, { readonly at: number; readonly data: NdArray["data"] }>();
  #constantBytes = 0;
  #allocates = false;
  #functions: readonly DefinedFunction[] = [];
  #counters = new LoopCounters([]);

  constructor(module: Module) {
    this.module = module;
  }

  /** The bytes of the module, whose export is called `entry`. */
  write(entry: string): Uint8Array<ArrayBuffer> {
    const funcs = reachable(this.module, entry);
    this.#counters = new LoopCounters(funcs);
    const functions: DefinedFunction[] = funcs.map((func) => ({
      key: this.functionKey(func.name),
      type: functionTypeOf(func, this.counters.of(func.name)),
      code: new FunctionWriter(this, func, emitOperation).write(),
      exported: func.name === entry ? "entry" : null,
    }));
    if (this.#allocates) functions.push(this.#allocator());
    this.#functions = functions;
    return binaryOf([...this.#imports.values()], functions, this.#constants.size > 0);
  }

  /** The names of what was written, for its text. */
  get names(): WatNames {
    const keys = [...this.#imports.keys(), ...this.#functions.map(({ key }) => key)];
    const functions = unique(keys.map((key) => key.replace(/^@/, "")));
    const locals = this.#functions.map(({ code }) => unique(code.names.map((name) => name ?? "v")));
    const imported = this.#imports.size;
    return {
      functionName: (index) => functions[index],
      localName: (func, index) => locals[func - imported][index],
    };
  }

  get tables(): Tables {
    return { checks: this.#checks, ranges: this.#ranges, probes: this.#probes };
  }

  /** What errors tell of the loops around. */
  get counters(): LoopCounters {
    return this.#counters;
  }

  /** What calls functions of records: an operation for each of them, by the key of its import. */
  get records(): ReadonlyMap<string, Operation> {
    return this.#records;
  }

  /** The keys of what is imported of the host, with what each is. */
  get hostFunctions(): readonly (readonly [string, HostFunction])[] {
    return [...this.#imports.keys()]
      .filter((key) => !this.#records.has(key))
      .map((key) => [key, key.split("/")[0] as HostFunction]);
  }

  functionKey(name: string): string {
    return `@${name}`;
  }

  /** The key of the function of an operation's record. */
  record(operation: Operation): string {
    const { op, operands, results, attributes } = operation;
    const types = [...operands, ...results].map((v) => dtypeOf(v.type));
    const key = `${op.name} ${types.join(" ")} ${JSON.stringify(attributes)}`;
    if (!this.#records.has(key)) {
      this.#records.set(key, operation);
      const crossing = (dtype: DType): ValueType => (dtype === "index" ? "f64" : scalarType(dtype));
      const parameters = operands.map((v) => crossing(dtypeOf(v.type)));
      this.#imports.set(key, { key, type: { parameters, results: results.map((v) => crossing(dtypeOf(v.type))) } });
    }
    return key;
  }

  /** The key of a function of the host that takes and gives these. */
  hostFunction(name: HostFunction, parameters: readonly ValueType[], results: readonly ValueType[]): string {
    const key = `${name}/${parameters.length}`;
    this.#imports.set(key, { key, type: { parameters, results } });
    return key;
  }

  checkNumber({ attributes, origin }: Operation): number {
    return this.#checks.push({ message: String(attributes.message), origin }) - 1;
  }

  rangeNumber({ attributes, origin }: Operation, elements: number): number {
    return this.#ranges.push({ of: String(attributes.of), axis: Number(attributes.axis), elements, origin }) - 1;
  }

  probeNumber({ attributes, operands: [x], origin }: Operation): number {
    const isMemory = x.type.kind === "memref";
    return this.#probes.push({ name: String(attributes.name), dtype: dtypeOf(x.type), isMemory, origin }) - 1;
  }

  /** How far constant memory is behind the first byte of all constants, where the host puts them. */
  constant(value: Attribute, type: MemRefType): number {
    const known = this.#constants.get(value);
    if (known !== undefined) return known.at;
    const at = this.#constantBytes;
    const data = dataOf(value, type);
    this.#constants.set(value, { at, data });
    this.#constantBytes = aligned(at + data.byteLength);
    return at;
  }

  /** The bytes of all constants. */
  get constants(): Uint8Array {
    const bytes = new Uint8Array(this.#constantBytes);
    for (const { at, data } of this.#constants.values())
      bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at);
    return bytes;
  }

  /** The key of the function that allocates so many bytes and gives their address. */
  allocate(): string {
    this.#allocates = true;
    this.hostFunction("reserve", ["f64"], []);
    return "allocate";
  }

  /** Memory is a stack: it grows by what is allocated, up to a multiple of the alignment. */
  #allocator(): DefinedFunction {
    const type = { parameters: ["i64"], results: ["i32"] } as const;
    const code = new Code(type.parameters);
    const end = code.local("i64");
    code.add("global.get", globals.top);
    code.add("i64.extend_i32_u");
    code.add("local.get", 0);
    code.add("i64.add");
    code.add("i64.const", alignment - 1);
    code.add("i64.add");
    code.add("i64.const", -alignment);
    code.add("i64.and");
    code.add("local.tee", end);
    code.add("memory.size");
    code.add("i64.extend_i32_u");
    code.add("i64.const", 16);
    code.add("i64.shl");
    code.add("i64.gt_u");
    code.add("if");
    code.add("local.get", end);
    code.add("f64.convert_i64_u");
    code.call(this.hostFunction("reserve", ["f64"], []));
    code.add("end");
    code.add("global.get", globals.top);
    code.add("local.get", end);
    code.add("i32.wrap_i64");
    code.add("global.set", globals.top);
    return { key: "allocate", type, code, exported: null };
  }
}

/** Names of the text format, each once: `$x`, `$x.1`, … */
function unique(names: readonly string[]): readonly string[] {
  const counts = new Map<string, number>();
  return names.map((name) => {
    const stem = `$${name.replace(/[^A-Za-z0-9_/]/g, "_")}`;
    const count = counts.get(stem) ?? 0;
    counts.set(stem, count + 1);
    return count === 0 ? stem : `${stem}.${count}`;
  });
}

function dataOf(value: Attribute, type: MemRefType): NdArray["data"] {
  if (value instanceof Dense) return value.toArray().data;
  const size = evaluateDim(productOf(type.shape), () => undefined);
  return new dtypes[type.dtype].array(size).fill(Number(value));
}

function reachable(module: Module, entry: string): readonly Func[] {
  const wanted = new Set([entry]);
  for (const name of wanted) for (const callee of calleesOf(requireFunc(module, name))) wanted.add(callee);
  return calleesFirst(module).filter((f) => wanted.has(f.name));
}
