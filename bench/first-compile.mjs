// Prints the milliseconds of one compile, trace to first result, in a fresh process: `first-compile.mjs adjoint|jax-js`.

const n = 1000;
const values = [0.5, 0.999, 0.001];
const input = (v) => new Float32Array(1024).fill(v);
const sides = { adjoint, "jax-js": jaxJs };
const { milliseconds, result } = await sides[process.argv[2]]();

let expected = values[0];
for (let i = 0; i < n / 2; i++) expected = expected * values[1] + values[2];
if (result.length !== 1024 || Math.abs(result[1023] - expected) > 1e-3) throw new Error(`wrong result ${result[1023]}`);
console.log(milliseconds);

async function adjoint() {
  const { add, compile, mul } = (await import("./library.mjs")).adjoint;
  const inputs = values.map(input);
  const start = performance.now();
  const f = compile(
    (x, a, b) => {
      let v = x;
      for (let i = 0; i < n / 2; i++) v = add(mul(v, a), b);
      return v;
    },
    ["f32[1024]", "f32[1024]", "f32[1024]"],
  );
  const result = f(...inputs).data();
  return { milliseconds: performance.now() - start, result };
}

async function jaxJs() {
  globalThis.Float16Array ??= class {};
  const jax = await import("@jax-js/jax");
  await jax.init("wasm");
  jax.defaultDevice("wasm");
  const inputs = values.map((v) => jax.numpy.array(input(v)));
  const start = performance.now();
  const f = jax.jit((x, a, b) => {
    let v = x;
    for (let i = 0; i < n / 2; i++) v = v.mul(a.ref).add(b.ref);
    a.dispose();
    b.dispose();
    return v;
  });
  const result = await f(...inputs).data();
  return { milliseconds: performance.now() - start, result };
}
