// Reads the notation of ir-samples/grammar.ebnf; derives random sentences from a grammar, and recognises documents.

export type Node =
  | { readonly kind: "terminal"; readonly text: string }
  | { readonly kind: "name"; readonly name: string }
  | { readonly kind: "sequence" | "choice"; readonly parts: readonly Node[] }
  | { readonly kind: "optional" | "repeat"; readonly part: Node };

export type Grammar = ReadonlyMap<string, Node>;

/** A production in capitals is a token: no blanks inside. */
export function isToken(name: string): boolean {
  return name === name.toUpperCase();
}

export function readGrammar(text: string): Grammar {
  const tokens = text.replace(/\(\*[\s\S]*?\*\)/g, "").match(/"[^"]*"|'[^']*'|[A-Za-z_]+|[=;,|()[\]{}]/g) ?? [];
  let at = 0;
  const expect = (token: string): void => {
    if (tokens[at++] !== token)
      throw new Error(`grammar: expected ${token} before ${tokens.slice(at, at + 5).join(" ")}`);
  };
  const choice = (): Node => {
    const parts = [sequence()];
    while (tokens[at] === "|") {
      at++;
      parts.push(sequence());
    }
    return parts.length === 1 ? parts[0] : { kind: "choice", parts };
  };
  const sequence = (): Node => {
    const parts = [primary()];
    while (tokens[at] === ",") {
      at++;
      parts.push(primary());
    }
    return parts.length === 1 ? parts[0] : { kind: "sequence", parts };
  };
  const primary = (): Node => {
    const token = tokens[at++];
    if (/^["']/.test(token)) return { kind: "terminal", text: token.slice(1, -1) };
    if (!"([{".includes(token)) return { kind: "name", name: token };
    const part = choice();
    expect({ "(": ")", "[": "]", "{": "}" }[token] ?? "");
    return token === "(" ? part : { kind: token === "[" ? "optional" : "repeat", part };
  };
  const grammar = new Map<string, Node>();
  while (at < tokens.length) {
    const name = tokens[at++];
    expect("=");
    grammar.set(name, choice());
    expect(";");
  }
  return grammar;
}

// ---- deriving -------------------------------------------------------------------------------------------------------

export interface DeriveOptions {
  /** A number in [0, 1). */
  random(): number;
  /** Stands in for a production; null lets the grammar speak. */
  override(name: string): string | null;
  readonly depth: number;
  /** About how many steps the derivation may take before it closes what is open. */
  readonly size: number;
}

/** A random sentence of a production; beyond `depth` and `size` optional parts are left out. */
export function derive(grammar: Grammar, start: string, options: DeriveOptions): string {
  const { random } = options;
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)];
  const cost = minimalDepths(grammar);
  let left = options.size;
  const expand = (node: Node, allowed: number, token: boolean): string => {
    const depth = left-- > 0 ? allowed : 0;
    switch (node.kind) {
      case "terminal":
        return token ? node.text : `${node.text} `;
      case "name": {
        if (node.name === "LINE_BREAK") return "\n";
        const fixed = options.override(node.name);
        const inner = token || isToken(node.name);
        const text = fixed ?? expand(definitionOf(grammar, node.name), depth - 1, inner);
        return inner && !token ? `${text} ` : text;
      }
      case "sequence":
        return node.parts.map((part) => expand(part, depth, token)).join("");
      case "choice": {
        if (depth > 0) return expand(pick(node.parts), depth, token);
        const costs = node.parts.map((part) => costOf(part, cost));
        const least = Math.min(...costs);
        return expand(pick(node.parts.filter((_, i) => costs[i] === least)), depth, token);
      }
      case "optional":
        return depth > 0 && random() < 0.5 ? expand(node.part, depth, token) : "";
      case "repeat": {
        let text = "";
        while (depth > 0 && left > 0 && random() < 0.6) text += expand(node.part, depth, token);
        return text;
      }
    }
  };
  return expand({ kind: "name", name: start }, options.depth, false);
}

function definitionOf(grammar: Grammar, name: string): Node {
  const node = grammar.get(name);
  if (node === undefined) throw new Error(`grammar: ${name} is not defined`);
  return node;
}

/** How deep the shallowest sentence of each production is. */
function minimalDepths(grammar: Grammar): ReadonlyMap<string, number> {
  const done = knownDepths.get(grammar);
  if (done !== undefined) return done;
  const depths = new Map<string, number>([...grammar.keys()].map((name) => [name, Infinity]));
  for (let changed = true; changed; ) {
    changed = false;
    for (const [name, node] of grammar) {
      const depth = costOf(node, depths) + 1;
      if (depth < (depths.get(name) ?? 0)) {
        depths.set(name, depth);
        changed = true;
      }
    }
  }
  knownDepths.set(grammar, depths);
  return depths;
}

const knownDepths = new WeakMap<Grammar, ReadonlyMap<string, number>>();

function costOf(node: Node, depths: ReadonlyMap<string, number>): number {
  if (node.kind === "name") return depths.get(node.name) ?? 0;
  if (node.kind === "choice") return Math.min(...node.parts.map((part) => costOf(part, depths)));
  if (node.kind === "sequence") return Math.max(...node.parts.map((part) => costOf(part, depths)));
  return 0;
}

// ---- recognising ----------------------------------------------------------------------------------------------------

/** Whether `text` is a sentence of `start`; the productions that matched somewhere in it are added to `used`. */
export function recognises(grammar: Grammar, start: string, text: string, used: Set<string>): boolean {
  const memo = new Map<string, readonly number[]>();
  const blanks = (at: number): number => {
    const match = /(?:\s|\/\/[^\n]*)*/y;
    match.lastIndex = at;
    match.test(text);
    return match.lastIndex;
  };
  const terminal = (literal: string, from: number, token: boolean): readonly number[] => {
    const at = token ? from : blanks(from);
    if (!text.startsWith(literal, at)) return [];
    const end = at + literal.length;
    return !token && /\w$/.test(literal) && /\w/.test(text[end] ?? "") ? [] : [end];
  };
  const production = (name: string, from: number, token: boolean): readonly number[] => {
    if (name === "LINE_BREAK") return text.slice(from, blanks(from)).includes("\n") ? [blanks(from)] : [];
    const inner = token || isToken(name);
    const at = inner && !token ? blanks(from) : from;
    const key = `${name} ${at}`;
    let ends = memo.get(key);
    if (ends === undefined) {
      ends = match(definitionOf(grammar, name), at, inner);
      if (inner && !token) ends = ends.length === 0 ? [] : [Math.max(...ends)];
      if (ends.length > 0) used.add(name);
      memo.set(key, ends);
    }
    return ends;
  };
  const match = (node: Node, at: number, token: boolean): readonly number[] => {
    switch (node.kind) {
      case "terminal":
        return terminal(node.text, at, token);
      case "name":
        return production(node.name, at, token);
      case "sequence":
        return node.parts.reduce<readonly number[]>((ends, part) => follow(ends, part, token), [at]);
      case "choice":
        return [...new Set(node.parts.flatMap((part) => match(part, at, token)))];
      case "optional":
        return [...new Set([at, ...match(node.part, at, token)])];
      case "repeat": {
        const all = new Set([at]);
        for (const end of all) for (const next of match(node.part, end, token)) all.add(next);
        return [...all];
      }
    }
  };
  const follow = (ends: readonly number[], part: Node, token: boolean): readonly number[] => [
    ...new Set(ends.flatMap((end) => match(part, end, token))),
  ];
  return production(start, 0, false).some((end) => blanks(end) === text.length);
}
