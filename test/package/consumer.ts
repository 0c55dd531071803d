// What a consumer's program looks like to the compilers that it may be written with: nothing here runs.

import {
  type CompiledFunction,
  compile,
  compileExpression,
  f32,
  grad,
  type Module,
  matmul,
  mul,
  parseModule,
  type Tensor,
  tensor,
  valueAndGrad,
} from "adjoint";
import { printModule, verify } from "adjoint/ir";
import * as mini from "adjoint/mini";
import { canonicalize, definePass, Pipeline } from "adjoint/passes";
import { compileSource } from "adjoint/source";
import { checkPass } from "adjoint/testing";

const x: Tensor = tensor([
  [1, 2],
  [3, 4],
]);
const y: Tensor = x
  .mul(2)
  .sum({ axes: [0], keepDims: true })
  .softmax();
export const shape: readonly unknown[] = y.shape;
export const array: unknown = f32([1, 2]).toArray();
// @ts-expect-error a method that there is not
x.softmx();

const product: CompiledFunction = compile((a: Tensor, b: Tensor) => mul(a, b), ["f64", "f64"]);
export const types: string = product.toModule().types;
export const both: unknown = valueAndGrad((a: Tensor) => a.mul(a).sum())(x);
export const value: unknown = compileExpression("x * y", ["x", "y"])(1, 2);

const layer = compile((a, b) => matmul(a, b), ["f32[B, 784]", "f32[784, 10]"]);
export const typed: Tensor<["B", 10], "f32"> = layer(x, new Float32Array(7840));
// @ts-expect-error matmul: inner sizes 784 and 783 differ
compile((a, b) => matmul(a, b), ["f32[B, 784]", "f32[783, 10]"]);
// @ts-expect-error two arguments are expected
layer(x);
export const slope: number = grad((a) => mul(a, a))(3);
// @ts-expect-error a number
export const noText: string = grad((a) => mul(a, a))(3);

const module: Module = parseModule("func @f(%x: f64) -> f64 {\n  return %x\n}\n");
verify(module);
export const text: string = printModule(module);

const nothing = definePass({ name: "nothing", summary: "Does nothing.", run: (given) => given });
export const pipeline: Pipeline = new Pipeline([
  { pass: canonicalize, reason: "an example" },
  { pass: nothing, reason: "another" },
]);
export const source: unknown = compileSource("export function f(x: number) { return x; }")(1);
export const checked: unknown = checkPass(nothing);

const small = mini.tensor([1, 2]);
export const doubled: mini.Tensor = mini.mul(small, 2);
// @ts-expect-error tensors of adjoint/mini have no methods of ops
small.mul(2);
