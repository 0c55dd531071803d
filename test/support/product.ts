// The derivative of a product, as text: the smallest program that calls, differentiates and returns more than one value.

export const product = `private func @product(%a: f64, %b: f64) -> f64 {
  %c = mul %a, %b : f64
  return %c
}

func @main(%a: f64, %b: f64) -> (f64, f64, f64) {
  %one = constant 1 : f64
  %c, %da, %db = vjp @product(%a, %b) cotangents(%one) : f64, f64, f64
  return %c, %da, %db
}
`;
