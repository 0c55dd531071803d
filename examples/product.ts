// c = a·b from source to gradient: what each step of the way looks like.

import { compile, mul, printModule, type Tensor, valueAndGrad } from "adjoint";

function product(a: Tensor, b: Tensor): Tensor {
  return mul(a, b);
}

const withGradient = compile(
  function main(a: Tensor, b: Tensor) {
    const [c, [da, db]] = valueAndGrad(product, { wrt: [0, 1] })(a, b);
    return [c, da, db];
  },
  ["f64", "f64"],
);

const heading = (text: string): void => console.log(`\n${text}\n${"─".repeat(text.length)}`);

heading("The source");
console.log(product.toString());

heading("The IR, as traced: c and the cotangents of a and b");
console.log(printModule(withGradient.log.entries[0].before));

heading("What each pass changes");
console.log(withGradient.log.text({ diff: true }));

heading("The IR, optimised");
console.log(withGradient.ir);

heading("The JavaScript");
console.log(withGradient.source);

const [c, da, db] = withGradient(15, 20);
heading("a = 15, b = 20");
console.log(`c     = a·b = ${c}`);
console.log(`dc/da = b   = ${da}`);
console.log(`dc/db = a   = ${db}`);
