// Simpler types and attributes: arrays become scalars, symbols numbers, attributes what they are when left out. Every
// operation is made again, so that its type rule says what follows.

import {
  AdjointError,
  type Attribute,
  type Attributes,
  type Block,
  BlockBuilder,
  calleesFirst,
  Dense,
  type Dim,
  type DType,
  dtypes,
  evaluateDim,
  type Func,
  FuncScope,
  findFunc,
  type Module,
  makeFunc,
  makeModule,
  mapDims,
  type NdArray,
  type Operation,
  type Signature,
  sameAttribute,
  signatureOf,
  substituteAttributes,
  substituteDim,
  type TensorType,
  type Type,
  tensorType,
  type Value,
  ValueMap,
  walk,
} from "../../ir/index.ts";
import { attempted, type Step, withFunc, withoutSymbols } from "./body.ts";

type TypeMap = (type: Type) => Type;
type AttributeMap = (operation: Operation) => Attributes;

/** Makes every operation of a module again, of other types and attributes. */
class Retyping {
  readonly #type: TypeMap;
  readonly #attributes: AttributeMap;
  readonly #values = new ValueMap<Value>();
  readonly #signatures = new Map<string, Signature>();

  constructor(type: TypeMap, attributes: AttributeMap) {
    this.#type = type;
    this.#attributes = attributes;
  }

  module(module: Module): Module {
    const made = new Map<string, Func>();
    for (const func of calleesFirst(module)) {
      const next = this.#func(func);
      made.set(func.name, next);
      this.#signatures.set(func.name, signatureOf(next));
    }
    return makeModule(module.funcs.map((f) => made.get(f.name) ?? f));
  }

  #func(func: Func): Func {
    const scope = new FuncScope(func.constraints, (name) => this.#signatures.get(name) ?? null, false);
    return withoutSymbols(makeFunc({ ...func, body: this.#block(func.body, new BlockBuilder(scope)) }));
  }

  #block(block: Block, builder: BlockBuilder): Block {
    for (const a of block.arguments) this.#values.set(a, builder.argument(this.#type(a.type), a.name));
    for (const operation of block.operations) this.#operation(operation, builder);
    return builder.finish(block.results.map((v) => this.#value(v)));
  }

  #value(v: Value): Value {
    return this.#values.get(v) ?? v;
  }

  /** The attributes of a call bind symbols that the callee still has. */
  #bound(attributes: Attributes): Attributes {
    const { callee, bindings } = attributes;
    const signature = typeof callee === "string" ? this.#signatures.get(callee) : undefined;
    if (signature === undefined || typeof bindings !== "object" || !("bindings" in bindings)) return attributes;
    const kept = Object.entries(bindings.bindings).filter(([name]) => signature.symbols.includes(name));
    return { ...attributes, bindings: { bindings: Object.fromEntries(kept) } };
  }

  #operation(operation: Operation, builder: BlockBuilder): void {
    const { op, results, segments, origin } = operation;
    const operands = operation.operands.map((v) => this.#value(v));
    const regions = operation.regions.map((r) => this.#block(r, new BlockBuilder(builder.scope, builder)));
    const declared = results.map((r) => this.#type(r.type));
    const attributes = this.#bound(resized(this.#attributes(operation), declared[0]));
    const names = results.map((r) => r.name);
    const emit = (types: readonly Type[] | null): readonly Value[] =>
      builder.emit(op, operands, { attributes, regions, segments, origin, names, types });
    let made: readonly Value[];
    try {
      made = emit(declared);
    } catch (error) {
      // of most ops the types follow from the operands, whatever they were
      if (!(error instanceof AdjointError)) throw error;
      made = emit(null);
    }
    for (const [i, r] of results.entries()) this.#values.set(r, made[i]);
  }
}

/** Attributes with a constant that its type holds: cut to the shape, and rounded to the dtype. */
function resized(attributes: Attributes, type: Type | undefined): Attributes {
  const { value } = attributes;
  if (type?.kind !== "tensor") return attributes;
  const { array: Data, round } = dtypes[type.dtype];
  if (typeof value === "number") return { ...attributes, value: round(value) };
  if (!(value instanceof Dense)) return attributes;
  const shape = type.shape.map((d) => evaluateDim(d, () => 1));
  const source = value.toArray();
  if (shape.join() === source.shape.join() && type.dtype === source.dtype) return attributes;
  const size = shape.reduce((n, d) => n * d, 1);
  const data = new Data(size).map((_, i) => round(source.data[i % Math.max(1, source.data.length)]));
  return { ...attributes, value: new Dense({ dtype: type.dtype, shape, data }) };
}

/** The module of other types and attributes; null where a type rule refuses them. */
function retyped(module: Module, type: TypeMap, attributes: AttributeMap = (o) => o.attributes): Module | null {
  return attempted(() => {
    const made = new Retyping(type, attributes).module(module);
    return made.funcs.reduce((m, f) => withFunc(m, f), made);
  });
}

// ---- shapes ---------------------------------------------------------------------------------------------------------

/** Which axes of a shape stay, and what becomes of their extents. */
interface ShapeMap {
  readonly axes: (rank: number) => readonly number[];
  readonly extent: (d: Dim) => Dim;
}

const all = (rank: number): readonly number[] => Array.from({ length: rank }, (_, axis) => axis);
const same = (d: Dim): Dim => d;

const least = (n: number): ShapeMap => ({ axes: all, extent: (d) => (typeof d === "number" ? Math.min(d, n) : d) });

const dividedBy = (n: number): ShapeMap => ({
  axes: all,
  extent: (d) => (typeof d === "number" ? Math.floor(d / n) : d),
});

/** Smaller shapes, the smallest first. */
const shapeMaps: readonly ShapeMap[] = [
  { axes: () => [], extent: same },
  { axes: (rank) => all(rank).slice(1), extent: same },
  { axes: (rank) => all(rank).slice(0, -1), extent: same },
  least(1),
  least(2),
  least(3),
];

/** All shapes become smaller, or those of one kind. */
export const smallerShapes: Step = function* (module) {
  for (const map of shapeMaps) module = (yield* oneOf(reshapings(module, () => true, map))) ?? module;
  // extents that are sums of others stay so where all become smaller by one factor
  for (const factor of extentsOf(module))
    module = (yield* oneOf(reshapings(module, () => true, dividedBy(factor)))) ?? module;
  for (const shape of shapesOf(module)) {
    for (const map of shapeMaps) {
      const taken = yield* oneOf(reshapings(module, (s) => String(s) === shape, map));
      if (taken === null) continue;
      module = taken;
      break;
    }
  }
};

/** What the first of the candidates became that was taken; null where none was. */
function* oneOf(candidates: readonly Module[]): Generator<Module, Module | null, Module | null> {
  for (const candidate of candidates) {
    const taken = yield candidate;
    if (taken !== null) return taken;
  }
  return null;
}

/** The module of other shapes, where that is one: with bounds that operations state for each axis as they are, and cut alike. */
function reshapings(
  module: Module,
  isMeant: (shape: readonly Dim[]) => boolean,
  { axes, extent }: ShapeMap,
): readonly Module[] {
  const found: Module[] = [];
  for (const cut of new Set([same, extent])) {
    let changed = false;
    const type: TypeMap = (t) => {
      if (t.kind !== "tensor" || !isMeant(t.shape)) return t;
      const shape = axes(t.shape.length).map((axis) => extent(t.shape[axis]));
      if (String(shape) === String(t.shape)) return t;
      changed = true;
      return tensorType(t.dtype, shape);
    };
    const smaller = retyped(module, type, (o) => {
      const first = o.operands[0]?.type;
      const isSmaller = first?.kind === "tensor" && isMeant(first.shape);
      return isSmaller ? ofAxes(o, first.shape.length, axes(first.shape.length), cut) : o.attributes;
    });
    if (smaller !== null && changed) found.push(smaller);
  }
  return found;
}

/** Attributes that name axes of the first operand name those that it keeps, and lists with an entry for each have theirs. */
function ofAxes(
  { op, attributes }: Operation,
  rank: number,
  kept: readonly number[],
  cut: (d: Dim) => Dim,
): Attributes {
  const changed = Object.entries(attributes).map(([name, value]): [string, Attribute] => {
    const { kind, holds } = op.attributes[name];
    if (holds === "axis" && typeof value === "number") return [name, Math.max(0, kept.indexOf(value))];
    if (!Array.isArray(value)) return [name, value];
    if (holds === "axes" || holds === "permutation")
      return [name, value.map((axis) => kept.indexOf(axis)).filter((axis) => axis >= 0)];
    if ((kind !== "dims" && kind !== "integers") || value.length !== rank) return [name, value];
    return [name, kept.map((axis) => cut(value[axis]))];
  });
  return Object.fromEntries(changed);
}

/** Extents above 1, the largest first. */
function extentsOf(module: Module): readonly number[] {
  const extents = new Set<number>();
  for (const { body } of module.funcs) {
    walk(body, ({ results }) => {
      for (const { type } of results) {
        if (type.kind !== "tensor") continue;
        for (const d of type.shape) if (typeof d === "number" && d > 1) extents.add(d);
      }
    });
  }
  return [...extents].sort((a, b) => b - a).slice(0, 8);
}

function shapesOf(module: Module): readonly string[] {
  const shapes = new Set<string>();
  const add = (values: readonly Value[]): void => {
    for (const { type } of values) if (type.kind === "tensor" && type.shape.length > 0) shapes.add(String(type.shape));
  };
  for (const { body } of module.funcs) {
    add(body.arguments);
    walk(body, ({ results }) => add(results));
  }
  return [...shapes];
}

// ---- dtypes ---------------------------------------------------------------------------------------------------------

/** What a dtype may become, in the order of trying: f64 is what one reads most easily, i32 of the integers. */
const simplerDTypes: readonly (readonly [from: readonly DType[], to: DType])[] = [
  [["f32", "i32", "u32", "u8"], "f64"],
  [["f32"], "f64"],
  [["i32"], "f64"],
  [["u32"], "f64"],
  [["u8"], "f64"],
  [["u32", "u8"], "i32"],
  [["u32"], "i32"],
  [["u8"], "i32"],
];

/** All tensors of a dtype become ones of a simpler dtype. */
export const simplerTypes: Step = function* (module) {
  for (const [from, to] of simplerDTypes) {
    // a subscript reads as one where it is an integer
    if (to === "f64" && from.includes("i32") && readsSubscripts(module)) continue;
    const smaller = redtyped(module, from, to);
    if (smaller !== null) module = (yield smaller) ?? module;
  }
};

function readsSubscripts(module: Module): boolean {
  let found = false;
  for (const func of module.funcs) walk(func.body, ({ op }) => void (found ||= op.operands.some((o) => o.isIndex)));
  return found;
}

function redtyped(module: Module, from: readonly DType[], to: DType): Module | null {
  if (countOf(module, from) === 0) return null;
  const smaller = retyped(module, (t) => (t.kind === "tensor" && from.includes(t.dtype) ? tensorType(to, t.shape) : t));
  // an op may have results of one dtype whatever it is given: then nothing became simpler
  return smaller !== null && countOf(smaller, from) < countOf(module, from) ? smaller : null;
}

/** How many values have one of these dtypes. */
function countOf(module: Module, dtypes: readonly DType[]): number {
  let count = 0;
  const add = (values: readonly Value[]): void => {
    for (const { type } of values) if (type.kind === "tensor" && dtypes.includes(type.dtype)) count++;
  };
  for (const { body } of module.funcs) {
    add(body.arguments);
    walk(body, ({ results, regions }) => {
      add(results);
      for (const region of regions) add(region.arguments);
    });
  }
  return count;
}

// ---- symbols --------------------------------------------------------------------------------------------------------

/** Dimension symbols of functions become numbers. */
export const fewerSymbols: Step = function* (module) {
  for (const { name } of module.funcs) {
    for (const symbol of findFunc(module, name)?.symbols ?? []) {
      for (const size of [1, 2, 3, 0]) {
        const smaller = withSymbol(module, symbol, size);
        const taken = smaller === null ? null : yield smaller;
        if (taken === null) continue;
        module = taken;
        break;
      }
    }
  }
};

function withSymbol(module: Module, symbol: string, size: number): Module | null {
  const lookup = (name: string): Dim | undefined => (name === symbol ? size : undefined);
  return retyped(
    module,
    (t) => mapDims(t, (d) => substituteDim(d, lookup)),
    ({ op, attributes }) => substituteAttributes(op, attributes, lookup),
  );
}

// ---- attributes -----------------------------------------------------------------------------------------------------

/** Attributes become what they are when left out. */
export const fewerAttributes: Step = function* (module) {
  for (let at = 0; ; at++) {
    const operation = operationAt(module, at);
    if (operation === undefined) return;
    for (const [name, spec] of Object.entries(operation.op.attributes)) {
      const usual = spec.default;
      if (usual === undefined || sameAttribute(operation.attributes[name], usual)) continue;
      const smaller = withAttribute(module, at, name, usual);
      if (smaller !== null) module = (yield smaller) ?? module;
    }
  }
};

function operationAt(module: Module, at: number): Operation | undefined {
  let number = 0;
  let found: Operation | undefined;
  for (const func of module.funcs) {
    walk(func.body, (operation) => {
      if (number++ === at) found = operation;
    });
  }
  return found;
}

function withAttribute(module: Module, at: number, name: string, value: Attribute): Module | null {
  const target = operationAt(module, at);
  return retyped(
    module,
    (t) => t,
    (o) => (o === target ? { ...o.attributes, [name]: value } : o.attributes),
  );
}

// ---- constants ------------------------------------------------------------------------------------------------------

/** The numbers that one reads most easily, those first. */
const simple = [0, 1, 2, -1, 3];

/** How hard a number is to read. */
export function hardness(x: number): number {
  const at = simple.findIndex((s) => Object.is(s, x));
  return at >= 0 ? at : simple.length + String(x).length + (Number.isInteger(x) ? 0 : 1);
}

/** Numbers that are easier to read, the easiest first. */
export function easierNumbers(x: number): readonly number[] {
  const rounded = [Math.trunc(x), Number(x.toPrecision(1)), Number(x.toPrecision(2)), Number(x.toPrecision(4))];
  const candidates = [...simple, -2, 0.5, -0, ...(Number.isFinite(x) ? rounded : [])];
  const own = hardness(x);
  return [...new Set(candidates)].filter((c) => hardness(c) < own).sort((a, b) => hardness(a) - hardness(b));
}

/** Constants become numbers that are easy to read, and splats. */
export const easierConstants: Step = function* (module) {
  for (let at = 0; ; at++) {
    let operation = operationAt(module, at);
    if (operation === undefined) return;
    if (!operation.op.traits.constant || operation.results[0]?.type.kind !== "tensor") continue;
    for (const value of easierValues(operation.attributes.value, operation.results[0].type)) {
      const smaller = withAttribute(module, at, "value", value);
      const taken = smaller === null ? null : yield smaller;
      if (taken === null) continue;
      module = taken;
      operation = operationAt(module, at);
      break;
    }
  }
};

function easierValues(value: Attribute | undefined, { dtype }: TensorType): readonly Attribute[] {
  if (typeof value === "boolean") return value ? [false] : [];
  const literal = (x: number): Attribute => (dtype === "bool" ? x !== 0 : dtypes[dtype].round(x));
  if (typeof value === "number") {
    const rounded = easierNumbers(value).map((x) => dtypes[dtype].round(x));
    return rounded.filter((x) => hardness(x) < hardness(value));
  }
  if (!(value instanceof Dense)) return [];
  const source: NdArray = value.toArray();
  return [...new Set([0, 1, ...source.data])].slice(0, 8).map(literal);
}
