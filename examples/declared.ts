// c = a·b declared, then run: placeholders of any shape, a gradient, a session with feeds.

import { f64, Graph, mul, Session } from "adjoint";

const graph = new Graph();
const a = graph.placeholder(f64, { name: "a" });
const b = graph.placeholder(f64, { name: "b" });
const c = mul(a, b);
const [da, db] = graph.gradients(c, [a, b]);

const session = new Session(graph);
const [value, slopeA, slopeB] = session.run([c, da, db], { a: 15, b: 20 }) as number[];
console.log(`c = ${value}, dc/da = ${slopeA}, dc/db = ${slopeB}`);
