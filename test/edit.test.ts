// Editing modules, replacing values and comparing attributes, of which the last two have to stay linear.

import { describe, expect, it } from "vitest";
import {
  attributeKey,
  Dense,
  Effects,
  editModule,
  mustStay,
  parseModule,
  Replacements,
  sameAttribute,
  scalar,
  Value,
  walk,
} from "../src/ir/index.ts";
import { textOps } from "./text/ops.ts";

describe("edits of a draft", () => {
  const module = parseModule("func @f(%x: f64) -> f64 {\n  return %x\n}\n\nfunc @g() {\n  return\n}\n", textOps);

  it("share what they do not change, and what they change is frozen", () => {
    const edited = editModule(module, (draft) => {
      draft.funcs[0].name = "h";
    });
    expect(edited.funcs.map(({ name }) => name)).toEqual(["h", "g"]);
    expect([edited.funcs[0].body, edited.funcs[1]]).toEqual([module.funcs[0].body, module.funcs[1]]);
    expect(edited.funcs[1]).toBe(module.funcs[1]);
    expect(module.funcs[0].name).toBe("f");
    expect(Object.isFrozen(edited.funcs[0])).toBe(true);
  });

  it("give the same module where they assign nothing new", () => {
    const same = editModule(module, (draft) => {
      draft.funcs[0].name = "f";
    });
    expect(same).toBe(module);
  });
});

describe("replacements", () => {
  it("follow chains of 200,000, from either end", () => {
    const values = Array.from({ length: 200_001 }, () => new Value(scalar("f64")));
    const last = values[200_000];
    const forward = new Replacements();
    for (let i = 0; i < 200_000; i++) forward.set(values[i], values[i + 1]);
    expect(values.every((v) => forward.get(v) === last)).toBe(true);
    const backward = new Replacements();
    for (let i = 199_999; i >= 0; i--) backward.set(values[i], values[i + 1]);
    expect(values.every((v) => backward.get(v) === last)).toBe(true);
  });

  it("of a value by itself, round a chain, are none", () => {
    const [a, b] = [new Value(scalar("f64")), new Value(scalar("f64"))];
    const replacements = new Replacements();
    replacements.set(a, b);
    replacements.set(b, a);
    expect(replacements.get(a)).toBe(b);
    expect(replacements.get(b)).toBe(b);
  });
});

describe("attribute keys", () => {
  const dense = (data: Float32Array): Dense => new Dense({ dtype: "f32", shape: [data.length], data });

  it("are equal for equal constants, small and large, and tell -0 from 0", () => {
    for (const size of [3, 1000]) {
      const [a, b, c] = [dense(new Float32Array(size)), dense(new Float32Array(size)), new Float32Array(size)];
      c[size - 1] = -0;
      expect(attributeKey(a)).toBe(attributeKey(b));
      expect(sameAttribute(a, b)).toBe(true);
      expect(sameAttribute(a, dense(c))).toBe(false);
      expect(sameAttribute(a, dense(new Float32Array(size).fill(NaN)))).toBe(false);
    }
    expect(attributeKey(dense(new Float32Array(1000))).length).toBeLessThan(100);
  });
});

describe("effects", () => {
  it("of calls and regions are the strongest of what they hold", () => {
    const module = parseModule(
      `func @f(%p: bool) {
  call @g(%p)
  if %p {
    call @h(%p)
  }
  return
}

private func @g(%p: bool) {
  check %p, message = "no"
  return
}

private func @h(%p: bool) {
  %n = neg %p : bool
  return
}
`,
      textOps,
    );
    const effects = new Effects(module);
    const found: string[] = [];
    walk(module.funcs[0].body, (operation) =>
      found.push(`${operation.op.name} ${mustStay(effects.of(operation)) ? "stays" : "silent"}`),
    );
    expect(found).toEqual(["call stays", "if silent", "call silent"]);
  });
});
