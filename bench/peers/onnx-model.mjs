// ONNX models as bytes: the few messages of its format, onnx.proto, that a graph of operations needs.

const text = new TextEncoder();

/** A number as Protocol Buffers write it: seven bits a byte, the lowest first. */
function varint(n) {
  return n < 128 ? [n] : [(n & 127) | 128, ...varint(Math.floor(n / 128))];
}

const number = (field, n) => Uint8Array.from([...varint(field * 8), ...varint(n)]);

/** Bytes, a string or a message, which is an array of fields. */
function bytes(field, content) {
  const body = typeof content === "string" ? text.encode(content) : joined([content].flat());
  return joined([Uint8Array.from([...varint(field * 8 + 2), ...varint(body.length)]), body]);
}

function joined(parts) {
  const out = new Uint8Array(parts.reduce((n, part) => n + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

const float = 1;

/** ValueInfoProto: a name and its type. */
function described(name, shape) {
  const dims = shape.map((n) => bytes(1, number(1, n)));
  return [bytes(1, name), bytes(2, bytes(1, [number(1, float), bytes(2, joined(dims))]))];
}

/** TensorProto of f32. */
function constant(name, { data, shape }) {
  const raw = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return [...shape.map((n) => number(1, n)), number(2, float), bytes(8, name), bytes(9, raw)];
}

/** AttributeProto of an integer. */
const attribute = ([name, value]) => bytes(5, [bytes(1, name), number(3, value), number(20, 2)]);

/** NodeProto: `[op, inputs, output, attributes]`. */
function node([op, inputs, output, attributes = {}]) {
  const names = [...inputs.map((name) => bytes(1, name)), bytes(2, output)];
  return [...names, bytes(4, op), ...Object.entries(attributes).map(attribute)];
}

/** The model of a graph of f32 whose inputs and constants are tensors, whose output is `y`. */
export function modelOf(nodes, inputs, constants, shape) {
  const graph = [
    ...nodes.map((n) => bytes(1, node(n))),
    bytes(2, "graph"),
    ...Object.entries(constants).map(([name, tensor]) => bytes(5, constant(name, tensor))),
    ...Object.entries(inputs).map(([name, tensor]) => bytes(11, described(name, tensor.shape))),
    bytes(12, described("y", shape)),
  ];
  const operators = [bytes(1, ""), number(2, 17)];
  return joined([number(1, 8), bytes(7, graph), bytes(8, operators)]);
}
