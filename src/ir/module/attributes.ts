// Attributes against their specification: defaults filled in, kinds checked, equality.

import { Dense } from "../data/ndarray.ts";
import { didYouMean } from "../diagnostics/did-you-mean.ts";
import { fail } from "../diagnostics/errors.ts";
import { type AttributeKind, type AttributeSpec, commonAttributes, noAttributes } from "../op/attribute-spec.ts";
import type { Op } from "../op/op.ts";
import { type Dim, DimExpr, sameDim, substituteDim } from "../types/dim.ts";
import { isDType, isSafeInteger } from "../types/dtype.ts";
import { dtypeHint } from "../types/dtype-hint.ts";
import type { Attribute, Attributes, AxisPairs, Bindings } from "./module.ts";

/** Attributes as written: what is undefined is left out. */
type Given = Readonly<Record<string, Attribute | undefined>>;

const none: Attributes = Object.freeze({});

/** The specification of an attribute: the op's own, or of those that any operation may have. */
export function attributeSpec({ attributes }: Op, name: string): AttributeSpec | undefined {
  if (Object.hasOwn(attributes, name)) return attributes[name];
  return name === "reuses" ? commonAttributes.reuses : undefined;
}

/** `given` with defaults filled in, in the record's order, frozen; a wrong name or kind is an error. */
export function completeAttributes(op: Op, given: Given = none): Attributes {
  if (given === none && op.attributes === noAttributes) return none;
  const names = Object.keys(op.attributes);
  const complete: Record<string, Attribute> = {};
  for (const name of names) {
    const value = Object.hasOwn(given, name) ? given[name] : undefined;
    const filled = value ?? op.attributes[name].default;
    if (filled !== undefined) complete[name] = frozen(filled);
  }
  const { reuses } = given;
  const isPlanned = !isEmpty(reuses) && !Object.hasOwn(op.attributes, "reuses");
  if (isPlanned && reuses !== undefined) complete.reuses = frozen(reuses);
  checkAttributes(op, complete, given);
  return names.length === 0 && !isPlanned ? none : Object.freeze(complete);
}

function isEmpty(value: Attribute | undefined): boolean {
  return value === undefined || (Array.isArray(value) && value.length === 0);
}

/** Requires exactly the record's attributes, each of its kind. */
export function checkAttributes(op: Op, attributes: Attributes, given: Given = attributes): void {
  for (const name of Object.keys(given)) {
    if (attributeSpec(op, name) !== undefined) continue;
    const known = Object.keys(op.attributes);
    fail("attribute", `unknown attribute '${name}', expected one of: ${known.join(", ") || "none"}`, {
      subject: op.name,
      hint: didYouMean(name, known),
    });
  }
  for (const [name, spec] of Object.entries(op.attributes)) {
    if (attributes[name] === undefined)
      fail("attribute", `attribute '${name}' is missing, expected ${describeKind(spec)}`, { subject: op.name });
    requireKind(op, name, attributes[name], spec);
  }
  if (attributes.reuses !== undefined) requireKind(op, "reuses", attributes.reuses, commonAttributes.reuses);
}

function requireKind(op: Op, name: string, value: Attribute, spec: AttributeSpec): void {
  if (hasKind(value, spec)) return;
  fail("attribute", `attribute '${name}' is ${describeGiven(value)}, expected ${describeKind(spec)}`, {
    subject: op.name,
    hint: choiceHint(spec, value),
  });
}

/** Lists and pairs are copied unless they are frozen already: the caller may go on writing to its own. */
function frozen(value: Attribute): Attribute {
  if (typeof value !== "object" || Object.isFrozen(value)) return value;
  if (Array.isArray(value)) return Object.freeze([...value]);
  if ("left" in value) return axisPairs(value.left, value.right);
  return "bindings" in value ? Object.freeze({ bindings: Object.freeze({ ...value.bindings }) }) : value;
}

/** The allowed words that are closest to what was given: of few, two can be as close. */
export function choiceHint(spec: AttributeSpec, given: unknown): string | undefined {
  if (typeof given !== "string") return undefined;
  if (spec.kind === "dtype") return dtypeHint(given);
  return spec.kind === "word" ? didYouMean(given, spec.words ?? [], undefined, 2) : undefined;
}

/** What stands where an attribute of another kind should: callers without types give anything. */
function describeGiven(value: unknown): string {
  if (typeof value === "string") return `'${value.length > 40 ? `${value.slice(0, 40)}…` : value}'`;
  if (Array.isArray(value)) return `[${value.slice(0, 8).map(String).join(", ")}${value.length > 8 ? ", …" : ""}]`;
  if (typeof value === "object" && value !== null && !(value instanceof DimExpr))
    return value instanceof Dense ? "a dense constant" : "an object";
  return typeof value === "function" ? "a function" : String(value);
}

export function describeKind(spec: AttributeSpec): string {
  return spec.kind === "word" ? `one of ${spec.words?.join(", ")}` : kindDescriptions[spec.kind];
}

const kindDescriptions: Readonly<Record<AttributeKind, string>> = {
  integer: "an integer",
  number: "a number",
  boolean: "true or false",
  string: "a quoted string",
  word: "a word",
  function: "a function name",
  dtype: "a dtype",
  dim: "a dimension",
  dims: "a list of dimensions",
  axes: "a list of integers",
  axesOrAll: "a list of integers, or all",
  integers: "a list of integers",
  axisPairs: "a pair of axis lists, [..] x [..]",
  constant: "a number, true, false or dense<…>",
  bindings: "a list of symbol bindings",
};

function hasKind(value: Attribute, spec: AttributeSpec): boolean {
  return kindTests[spec.kind](value) && (spec.kind !== "word" || (isText(value) && (spec.words ?? []).includes(value)));
}

const isNumber = (v: unknown): v is number => typeof v === "number";
const isObject = (v: unknown): v is object => typeof v === "object" && v !== null;
const isText = (v: unknown): v is string => typeof v === "string";
const isDim = (v: unknown): v is Dim => v instanceof DimExpr || isSafeInteger(v);
const isIntegers = (v: unknown): v is readonly number[] => Array.isArray(v) && v.every(isSafeInteger);

const kindTests: Readonly<Record<AttributeKind, (value: Attribute) => boolean>> = {
  integer: isSafeInteger,
  number: isNumber,
  boolean: (v) => typeof v === "boolean",
  string: isText,
  word: isText,
  function: isText,
  dtype: (v) => isText(v) && isDType(v),
  dim: isDim,
  dims: (v) => Array.isArray(v) && v.every(isDim),
  axes: isIntegers,
  axesOrAll: (v) => v === "all" || isIntegers(v),
  integers: isIntegers,
  axisPairs: (v) => isObject(v) && "left" in v && "right" in v && isIntegers(v.left) && isIntegers(v.right),
  constant: (v) => isNumber(v) || typeof v === "boolean" || v instanceof Dense,
  bindings: (v) => isObject(v) && "bindings" in v && Object.values((v as Bindings).bindings).every(isDim),
};

/** The dimension that an attribute of that kind is. */
export function dimIn(value: Attribute): Dim {
  if (!isDim(value)) throw new Error("internal invariant broken: an attribute is no dimension");
  return value;
}

/** The dimensions that an attribute is, or holds; none of other kinds, integers aside. */
export function dimsIn(value: Attribute): readonly Dim[] {
  if (isDim(value)) return [value];
  if (Array.isArray(value)) return value.every(isDim) ? value : value.filter(isDim);
  return isObject(value) && "bindings" in value ? Object.values(value.bindings) : [];
}

/** The same fact: numbers by their bits, dimensions by normal form, lists by element. */
export function sameAttribute(a: Attribute, b: Attribute): boolean {
  return Object.is(a, b) || attributeKey(a) === attributeKey(b);
}

/** A text that is equal exactly for equal attributes of one kind. */
export function attributeKey(value: Attribute): string {
  if (typeof value === "number") return Object.is(value, -0) ? "-0" : String(value);
  if (typeof value !== "object") return String(value);
  if (value instanceof DimExpr) return value.key;
  if (value instanceof Dense) return denseKey(value);
  if (Array.isArray(value)) return `[${value.map((v) => attributeKey(v)).join()}]`;
  if ("left" in value) return `${value.left.join()}x${value.right.join()}`;
  if ("bindings" in value)
    return Object.entries(value.bindings)
      .map(([k, d]) => `${k}=${d}`)
      .join();
  return JSON.stringify(value, (_, v) => (v instanceof DimExpr ? v.key : v));
}

const denseKeys = new WeakMap<Dense, string>();
/** Large constants by a hash of their elements: equal ones share the key of the first, which is a number. */
const largeDense = new Map<string, { readonly dense: WeakRef<Dense>; readonly key: string }[]>();
const listedElements = 64;
let nextDense = 0;
let sweepAt = 1024;

function denseKey(dense: Dense): string {
  let key = denseKeys.get(dense);
  if (key === undefined) {
    key = dense.size <= listedElements ? listElements(dense) : internLarge(dense);
    denseKeys.set(dense, key);
  }
  return key;
}

function listElements(dense: Dense): string {
  const elements: string[] = [];
  for (let i = 0; i < dense.size; i++) elements.push(attributeKey(dense.at(i)));
  return `dense ${dense.dtype}[${dense.shape}] ${elements.join()}`;
}

function internLarge(dense: Dense): string {
  const hash = `${dense.dtype}[${dense.shape}] ${hashElements(dense)}`;
  const known = (largeDense.get(hash) ?? []).filter((entry) => entry.dense.deref() !== undefined);
  const same = known.find((entry) => entry.dense.deref()?.equals(dense));
  const key = same?.key ?? `dense #${nextDense++}`;
  largeDense.set(hash, same === undefined ? [...known, { dense: new WeakRef(dense), key }] : known);
  if (largeDense.size > sweepAt) sweepLarge();
  return key;
}

/** Drops what the garbage collector has taken; the next time is when as much again has come. */
function sweepLarge(): void {
  for (const [hash, entries] of largeDense) {
    if (entries.every((entry) => entry.dense.deref() === undefined)) largeDense.delete(hash);
  }
  sweepAt = Math.max(1024, 2 * largeDense.size);
}

/** FNV-1a over the elements' bits; NaNs count as one. */
function hashElements(dense: Dense): number {
  const word = new Float64Array(1);
  const halves = new Uint32Array(word.buffer);
  let hash = 0x811c9dc5;
  for (let i = 0; i < dense.size; i++) {
    const x = dense.at(i);
    word[0] = Number.isNaN(x) ? NaN : x;
    hash = Math.imul(Math.imul(hash ^ halves[0], 0x01000193) ^ halves[1], 0x01000193);
  }
  return hash >>> 0;
}

/** The attributes with dimension symbols replaced; the same reference if none was. */
export function substituteAttributes(
  op: Op,
  attributes: Attributes,
  lookup: (name: string) => Dim | undefined,
): Attributes {
  let changed: Record<string, Attribute> | null = null;
  for (const [name, spec] of Object.entries(op.attributes)) {
    const old = attributes[name];
    const value = substituteAttribute(spec.kind, old, lookup);
    if (value === old) continue;
    changed ??= { ...attributes };
    changed[name] = isUsual(value, spec) ? (spec.default as Attribute) : value;
  }
  return changed === null ? attributes : Object.freeze(changed);
}

/** Whether a list says what it would say left out. */
function isUsual(value: Attribute, { usual }: AttributeSpec): boolean {
  return usual !== undefined && Array.isArray(value) && value.every((entry) => entry === usual);
}

function substituteAttribute(
  kind: AttributeKind,
  value: Attribute,
  lookup: (name: string) => Dim | undefined,
): Attribute {
  if (kind === "dim") {
    const before = dimIn(value);
    const d = substituteDim(before, lookup);
    return sameDim(d, before) ? value : d;
  }
  if (kind === "dims") {
    const dims = dimsIn(value);
    const next = dims.map((d) => substituteDim(d, lookup));
    return next.every((d, i) => sameDim(d, dims[i])) ? value : Object.freeze(next);
  }
  if (kind === "bindings") {
    const { bindings } = value as Bindings;
    return { bindings: Object.fromEntries(Object.entries(bindings).map(([k, d]) => [k, substituteDim(d, lookup)])) };
  }
  return value;
}

/** Axis pairs, frozen. */
export function axisPairs(left: readonly number[] = [], right: readonly number[] = []): AxisPairs {
  return Object.freeze({ left: Object.freeze([...left]), right: Object.freeze([...right]) });
}
