// c = a·b defined by running: tensors that remember what they come from.

import { tensor } from "adjoint";

const a = tensor(15, { requiresGrad: true });
const b = tensor(20, { requiresGrad: true });
const c = a.mul(b);
c.backward();
console.log(`c = ${c.item()}, dc/da = ${a.grad?.item()}, dc/db = ${b.grad?.item()}`);
