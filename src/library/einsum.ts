// einsum: a sum of products, written as the letters of axes.

import { composite, type Tensor } from "../frontend/index.ts";
import { counted, fail } from "../ir/index.ts";
import { contraction, type Labelled } from "./contract.ts";
import { count, rankOf, requireTensor } from "./shapes.ts";

/** The letters of each operand and of the result; "…" stands for the axes that an ellipsis covers. */
interface Equation {
  readonly inputs: readonly (readonly string[])[];
  /** null where the equation has no arrow. */
  readonly output: readonly string[] | null;
}

const ellipsis = "…";

function parse(equation: string): Equation {
  const text = equation.replace(/\s+/g, "");
  const [left, right, ...more] = text.split("->");
  if (more.length > 0) malformed(equation, "it has two arrows");
  const letters = (part: string): readonly string[] => {
    const short = part.replace("...", ellipsis);
    if (!/^[A-Za-z…]*$/.test(short)) malformed(equation, `'${part}' is no list of letters`);
    return [...short];
  };
  const inputs = left.split(",").map(letters);
  const output = right === undefined ? null : letters(right);
  if (output !== null && new Set(output).size < output.length) malformed(equation, "its result names a letter twice");
  for (const letter of output ?? []) {
    if (letter !== ellipsis && !inputs.some((list) => list.includes(letter)))
      malformed(equation, `its result names '${letter}', which no operand has`);
  }
  return { inputs, output };
}

function malformed(equation: string, why: string): never {
  return fail("argument", `einsum: in the equation '${equation.slice(0, 60)}' ${why}`, {
    hint: "write 'ij,jk->ik' for the matrix product",
  });
}

/** The letters of one operand, an ellipsis written out: its axes are counted from the last, as they broadcast. */
function labelled(tensor: Tensor, letters: readonly string[], equation: string, index: number): Labelled {
  const rank = rankOf(tensor, "einsum");
  const open = letters.includes(ellipsis);
  const covered = rank - letters.length + (open ? 1 : 0);
  if (open ? covered < 0 : covered !== 0) {
    const given = open ? `at least ${letters.length - 1}` : `${letters.length}`;
    fail("shape", `einsum: operand ${index} has rank ${rank}, expected ${given} as in '${equation.slice(0, 60)}'`);
  }
  return { tensor, labels: letters.flatMap((l) => (l === ellipsis ? broadcasting(covered) : [l])) };
}

function broadcasting(n: number): readonly string[] {
  return count(n).map((i) => `...${n - i}`);
}

/**
 * The sum of products that an equation describes: a letter for each axis, the same letter for axes that run together; the
 * letters that the result does not have are summed over. A letter twice in an operand takes its diagonal, `...` covers
 * axes that broadcast. Without an arrow the result has the letters that stand once, in alphabetical order (NumPy `einsum`).
 *
 * @throws AdjointError `argument` for a malformed equation, `shape` where ranks or extents do not fit it.
 * @example einsum("ij,jk->ik", tensor([[1, 2]]), tensor([[3], [4]])) // [[11]]
 */
export const einsum = composite("einsum", (equation: string, ...operands: Tensor[]): Tensor => {
  if (typeof equation !== "string") fail("argument", "einsum: expected the equation first, then the operands");
  const { inputs, output } = parse(equation);
  if (inputs.length !== operands.length)
    fail(
      "arity",
      `einsum: got ${counted(operands.length, "operand")}, expected ${inputs.length} as in '${equation.slice(0, 60)}'`,
    );
  for (const [i, tensor] of operands.entries()) requireTensor(tensor, `einsum: operand ${i}`);
  const all = operands.map((tensor, i) => labelled(tensor, inputs[i], equation, i));
  const widest = Math.max(...all.map(({ labels }) => labels.filter((l) => l.length > 1).length));
  const covered = broadcasting(widest);
  if (output !== null) {
    return contraction(
      "einsum",
      all,
      output.flatMap((l) => (l === ellipsis ? covered : [l])),
    );
  }
  const letters = inputs.flat().filter((l, _, list) => l !== ellipsis && list.indexOf(l) === list.lastIndexOf(l));
  return contraction("einsum", all, [...covered, ...letters.sort()]);
});
