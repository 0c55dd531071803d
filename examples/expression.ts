// c = a·b as text: an expression with its gradient.

import { compileExpression } from "adjoint";

const f = compileExpression("a * b", ["a", "b"], { gradient: true });
const [c, [da, db]] = f(15, 20);
console.log(f.source);
console.log(`c = ${c}, dc/da = ${da}, dc/db = ${db}`);
