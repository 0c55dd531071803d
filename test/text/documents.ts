// Documents in canonical form: parsing and printing gives each back letter by letter. Together they use every production.

export const documents: Readonly<Record<string, string>> = {
  "public and private functions, calls and transforms": `private func @product(%a: f64, %b: f64) -> f64 {
  %c = mul %a, %b : f64
  return %c
}

func @main(%a: f64, %b: f64) -> (f64, f64, f64) {
  %one = constant 1 : f64
  %c, %da, %db = vjp @product(%a, %b) cotangents(%one), wrt = [0, 1] : f64, f64, f64
  %d = call @product(%c, %da) : f64
  return %c, %d, %db
}
`,
  "functions without arguments, results or operations": `func @nothing() {
  return
}
`,
  "quoted names": `func @"a name with \\"quotes\\"\\n"(%"0": f64) -> f64 {
  %"two words" = neg %"0" : f64
  %_ = neg %"two words" : f64
  return %_
}

private func @f.fwd(%x: f64) -> f64 {
  %c = call @"a name with \\"quotes\\"\\n"(%x) : f64
  return %c
}
`,
  "symbols, constraints and bindings": `func @layer<B, H, K>(%x: f32[B, 2*H+1]) -> f32[B] where B >= 1, H == 2*K {
  %y = reshape %x, shape = [B, 2*H+1] : f32[B, 2*H+1]
  %z = call @length<N = 2*K, M = min(B, 3)>(%x) : f32[B]
  return %z
}

private func @length<B, H, N, M>(%x: f32[B, 2*H+1]) -> f32[B] {
  %d = dim M*N-exact(N/(M+1))+floor((N+1)/2) : i32
  %c = reshape %x, shape = [B] : f32[B]
  return %c
}
`,
  "types of every kind": `func @types<B>(%a: f64, %b: bool[B], %c: u8[*], %d: list<list<f32[B, 4]>>, %e: memref<i32[B, 0]>, %f: memref<u32>, %g: vector<4xf32>, %h: list<vector<16xindex>>) {
  return
}
`,
  "numbers and dense constants": `func @numbers() {
  %a = constant -0 : f64
  %b = constant inf : f64
  %c = constant -inf : f32
  %d = constant nan : f32
  %e = constant 0.1 : f32
  %f = constant 1e-45 : f32
  %g = constant 5e-324 : f64
  %h = constant 3.4028235e+38 : f32
  %i = constant true : bool
  %j = constant -2147483648 : i32
  %k = constant dense<[[1, 2], [3, 4]]> : f32[2, 2]
  %l = constant dense<[true, false]> : bool[2]
  %m = constant dense<[nan, -0, inf, 16777216]> : f32[4]
  %n = constant dense<[]> : f64[0, 3]
  %o = constant dense<7> : u8
  return
}
`,
  "attributes of every kind": `func @attributes<B>(%x: f32[B, 3]) {
  %r = reduce %x, kind = max, axes = [0, -1], strict = true, padding = -inf : f32
  %s = reduce %x, kind = sum, axes = [] : f32
  %i = iota axis = 0 : i32[3]
  %d = dot %x, %x, contract = [1] x [1] : f32[B, B]
  %c = compare %x, %x, direction = lt : bool[B, 3]
  %u = cast %x, to = u8 : u8[B, 3]
  %v = cast %x : f32[B, 3]
  %w = mylib.swish %x, beta = 0.1 : f32[B, 3]
  %p = reduce %x, kind = sum, axes = [0, 1], padding = dense<0.5> : f32
  %h = map %x, rule = @g : f32[B, 3]
  check %c, message = "a \\"message\\" with \\\\ and \\u0007"
  concatenate axis = 1
  %cat = concatenate %x, %x, %x, axis = 0 : f32[3*B, 3]
  return
}

func @g() {
  return
}
`,
  if: `func @choose(%p: bool, %x: f32) -> f32 {
  if %p {
    check %p, message = "then"
  }
  if %p {
  } else {
    check %p, message = "else"
  }
  %y = if %p : f32 {
    %neg = neg %x : f32
    yield %neg
  } else {
    yield %x
  }
  return %y
}
`,
  while: `func @count(%n: i32) -> i32 {
  %last, %same = while carry(%i: i32 = %n, %k: i32 = %n) : i32, i32 {
    %p = compare %i, %n, direction = lt : bool
    yield %p
  } do(%j: i32, %l: i32) {
    %next = add %j, %l : i32
    yield %next, %l
  }
  while {
    %q = compare %n, %n, direction = eq : bool
    yield %q
  } do {
  }
  return %last
}
`,
  scan: `func @scans<T>(%xs: f32[T], %decay: f32) -> f32 {
  %last, %sums = scan carry(%s: f32 = %decay) over(%x: f32 = %xs), reverse = true : f32, f32[T] {
    %add = add %s, %x : f32
    yield %add, %add
  }
  %ys = scan over(%v: f32 = %xs) : f32[T] {
    yield %v
  }
  %zs = scan length = 2*T : f32[2*T] {
    yield %decay
  }
  scan carry(%w: f32 = %decay), length = 3 {
    yield %w
  }
  return %last
}
`,
  "regions with arguments of their own": `func @regions(%x: f32) {
  with_arguments %x (%a: f32, %b: f32) {
    yield %b
  } second {
    with_arguments %x {
    } second(%c: f32) {
      %n = neg %c : f32
    }
  }
  return
}
`,
  "parts of memory": `private func @parts<B, S>(%a: memref<f64[B, 2], strides = [S, 1]>, %b: memref<f32[2, B], strides = [B, 1], offset = 2*S+1>, %c: memref<u8[3, B], strides = [1, 0], offset = 4>, %d: memref<u8, strides = [], offset = B>, %e: list<memref<f64[B], strides = [max(B, S)]>>) -> f64 {
  %x = load %a[1, 0] : f64
  return %x
}
`,
  windows: `func @windows<B>(%x: memref<f64[B, 6]>, %i: index, %s: f64) -> f64 where B >= 2 {
  %sum = window %k: index, %l: index at [%i, 2*%i+1] carry(%a: f64 = %s), extents = [B, 6], window = [2, 3], low = [0, 1], window_dilation = [1, 2] : f64 {
    %x_kl = load %x[%i+%k, 2*%i+2*%l] : f64
    %add = add %a, %x_kl : f64
    yield %add
  }
  window %m: index at [0], extents = [B], window = [1] {
  }
  return %sum
}
`,
  loops: `func @loops<B, N>(%x: memref<f32[B, 784]>, %y: inout memref<f32[B, N]>, %n: index) -> f32 {
  %zero = constant 0 : f32
  for %i: index = 0 to B {
    for %j: index = %i to min(%i+64, N) step 64 {
      %sum = for %k: index = 2*%i-1 to floor((%j+N)/2) carry(%acc: f32 = %zero) : f32 {
        %x_ik = load %x[%i, 2*%j+%k] : f32
        %add = add %acc, %x_ik : f32
        yield %add
      }
      %q = dim %i*B+%j : index
      store %sum, %y[%i, max(%j, %q)]
    }
  }
  for %m: index = exact(%n/4) to %n*B+B {
    %at = subscript %zero, %m memory(%y), axis = 0 : index
    %again = subscript %zero, axis = 1 : index
    fill %zero, %y[%at to 2*%again+%m+2]
  }
  contract rows = [B], depth = [2*N, 3] inside(%i_1: index, %k_1: index) {
    yield %n
  } left(%i_2: index, %k_2: index) {
    %x_k = load %x[%i_2, %k_2] : f32
    yield %x_k
  } result(%i_3: index) {
    store %zero, %y[0, %i_3]
  }
  contract left {
    yield %zero
  } result {
  }
  parallel %r: index = 0 to N step 4 {
    %v = load_lanes %x[0, %r] : vector<4xf32>
    %w = load_lanes %x[%r, 780] count(%r) : vector<8xf32>
    store_lanes %v, %y[%r, 0]
    store_lanes %w, %y[0, 2*%r] count(%n)
  }
  %l = load %x[0, 783] : f32
  return %l
}
`,
};

/** With origins: functions, constraints, operations, regions; `none` where there is none. */
export const located = `func @f<B>(%p: bool, %x: f32[B]) -> f32[B] loc("examples/a.ts":1:2) where B >= 1 loc("a b.ts":3:4), B >= 2 loc(none) {
  %y = if %p : f32[B] loc("examples/a.ts":5:11) {
    %neg = neg %x : f32[B] loc(none)
    yield %neg
  } else {
    yield %x
  }
  return %y
}

func @g() loc(none) {
  return
}
`;
