// The numeric kernels: against references of 120 digits, by their identities, at their joins and edges, and alone as text.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type DType, dtypes, type Op } from "../src/ir/index.ts";
import { records } from "../src/ops/index.ts";
import * as kernels from "../src/ops/scalar/kernels/index.ts";
import { placeOf } from "./support/floats.ts";
import { referenceText } from "./support/references.ts";

const { copysign, digamma, erf, exp2, lgamma, logistic, nextAfter, nextAfterF32, polygamma, pow, powDerivative } =
  kernels;
const { bitsOfFloat, floatOfBits, popcount, powI32, powU32, roundHalfEven, rsqrt } = kernels;

type Unary = (x: number) => number;

/** How many f64 apart; 0 for two NaN, ∞ for one. */
function ulps(got: number, expected: number): number {
  if (Object.is(got, expected)) return 0;
  const distance = placeOf(got) - placeOf(expected);
  return Number.isNaN(got - expected) && got !== expected ? Infinity : Math.abs(Number(distance));
}

/** |got − expected| against the size of the parts that were added. */
function expectNear(got: number, expected: number, scale: number, times = 16): void {
  expect(Math.abs(got - expected)).toBeLessThanOrEqual(times * 2 ** -52 * Math.max(Math.abs(expected), scale));
}

// Flat pairs x, f(x) or triples n, x, f(x): the exact value at the f64 x, rounded once.
// biome-ignore-start lint/suspicious/noApproximativeNumericConstant: values that happen to be constants.
const erfTable = [
  5e-324, 5e-324, 1e-310, 1.1283791670955e-310, 2.5e-308, 2.820947917738781e-308, 1e-100, 1.1283791670955126e-100, 3e-9,
  3.3851375012865378e-9, 1e-5, 1.1283791670579e-5, 0.01, 0.011283415555849618, 0.1, 0.1124629160182849, 0.25,
  0.27632639016823696, 0.3333333333333333, 0.36264811176606293, 0.5, 0.5204998778130465, 0.7, 0.6778011938374184,
  0.84375, 0.7672256612323416, 0.9, 0.7969082124228322, 0.96748, 0.8287578212031842, 0.9999999999999999,
  0.8427007929497148, 1, 0.8427007929497149, 1.0000000000000002, 0.842700792949715, 1.05, 0.8624361060900967, 1.25,
  0.9229001282564583, 1.4, 0.9522851197626488, 1.5, 0.9661051464753108, 1.51, 0.9672767481287117, 1.75,
  0.9866716712191824, 1.9999999999999998, 0.9953222650189527, 2, 0.9953222650189527, 2.0000000000000004,
  0.9953222650189527, 2.03, 0.995906348443912, 2.25, 0.9985372834133188, 2.5, 0.999593047982555, 3, 0.9999779095030014,
  3.3, 0.9999969422902035, 3.7, 0.9999998328489421, 4, 0.9999999845827421, 4.5, 0.9999999998033839, 5,
  0.9999999999984626, 5.5, 0.9999999999999927, 5.9, 0.9999999999999999, 5.95, 1, 6, 1, 10, 1, -0.3, -0.3286267594591274,
  -1.2, -0.9103139782296353, -2.7, -0.9998656672600594,
];
const logisticTable = [
  0, 0.5, 1e-300, 0.5, 1e-17, 0.5, 1e-8, 0.5000000025, 0.1, 0.52497918747894, 0.5, 0.6224593312018546, 1,
  0.7310585786300049, 1.5, 0.8175744761936437, 2, 0.8807970779778824, 2.7, 0.9370266439430035, 3.5, 0.9706877692486436,
  5, 0.9933071490757152, 8, 0.9996646498695335, 10, 0.9999546021312976, 20, 0.9999999979388464, 30, 0.9999999999999064,
  36, 0.9999999999999998, 36.7, 0.9999999999999999, 36.8, 0.9999999999999999, 37, 0.9999999999999999, 40, 1, 700, 1,
  -1e-17, 0.5, -1e-8, 0.4999999975, -0.1, 0.47502081252106, -0.5, 0.37754066879814546, -0.69, 0.33403307324817977, -0.7,
  0.3318122278318339, -1, 0.2689414213699951, -2, 0.11920292202211756, -2.715087947132335, 0.06208889954935558,
  -3.465401754018041, 0.030312850724878306, -5, 0.0066928509242848554, -10, 4.5397868702434395e-5, -20,
  2.0611536181902037e-9, -30.66, 4.836499919114986e-14, -40, 4.248354255291589e-18, -100, 3.720075976020836e-44, -500,
  7.124576406741286e-218, -700, 9.85967654375977e-305, -708.5, 2.006132305331306e-308, -720, 2.0322308024e-313, -740,
  4.2e-322, -745, 5e-324,
];
const exp2Table = [
  0, 1, 1e-300, 1, 1e-17, 1, 1e-8, 1.0000000069314718, 0.1, 1.0717734625362931, 0.25, 1.189207115002721,
  0.3333333333333333, 1.2599210498948732, 0.5, 1.4142135623730951, 0.5000000000000001, 1.4142135623730951,
  0.5271889937279126, 1.4411185236762722, 0.75, 1.681792830507429, 0.999, 1.998614185980905, 1.5, 2.8284271247461903,
  2.3, 4.924577653379664, 3.7, 12.99603834169977, 10.1, 1097.496025637164, 52.5, 6369051672525773, 100.3,
  1.5606609545443114e30, 500.5, 4.629273392631434e150, 999.7, 8.703354339034053e300, 1000.5, 1.5153420044823246e301,
  1001.2, 2.4616803488801366e301, 1022.9, 8.386535017428708e307, 1023.3, 1.1066099299470898e308, 1023.9999999999999,
  1.7976931348621742e308, -1e-17, 1, -0.1, 0.9330329915368074, -0.4999999999999999, 0.7071067811865476, -0.5,
  0.7071067811865476, -0.7, 0.6155722066724582, -1.5, 0.3535533905932738, -10.1, 0.0009111650307976637, -100.3,
  6.407541606575173e-31, -511.5, 1.0547686614863e-154, -1000.7, 5.744911450491315e-302, -1021.9, 2.384775113731291e-308,
  -1022.1, 2.0760673185932884e-308, -1022.5, 1.5733648139913585e-308, -1030.3, 7.0598498970396e-311, -1050.7,
  5.1025064e-317, -1070.2, 7e-323, -1073.5, 5e-324, -1074.5, 5e-324, -1074.999, 5e-324,
];
const lgammaTable = [
  5e-324, 744.4400719213812, 1e-310, 713.8013788281542, 1e-100, 230.25850929940458, 1e-10, 23.025850929882736, 0.01,
  4.599479878042022, 0.1, 2.252712651734206, 0.25, 1.2880225246980774, 0.5, 0.5723649429247001, 0.7499999999999999,
  0.2032809514312955, 0.75, 0.20328095143129538, 0.9061, 0.06180683363042591, 0.9999, 5.7729791561193866e-5,
  0.9999999999999999, 6.408381213480008e-17, 1.0000000000000002, -1.2816762426960008e-16, 1.0001, -5.771334222047127e-5,
  1.2, -0.08537409000331583, 1.4616321449683622, -0.12148629053584961, 1.5, -0.12078223763524522, 1.7499999999999998,
  -0.08440112102048561, 1.75, -0.08440112102048555, 1.9, -0.03898427592308336, 1.9999999999999998,
  -9.387698065543117e-17, 2.0000000000000004, 1.8775396131086244e-16, 2.01, 0.004260022907098346, 2.5,
  0.2846828704729192, 2.9999999999999996, 0.693147180559945, 3, 0.6931471805599453, 3.5, 1.2009736023470743, 4.9,
  3.028556900377341, 6, 4.787491742782046, 7.999999999999999, 8.525161361065413, 8, 8.525161361065415, 9.8,
  12.353595178729233, 12, 17.502307845873887, 25.5, 56.389167643719944, 100, 359.1342053695754, 1000.3,
  5907.292644785879, 1000000, 12815504.569147611, 1000000000000000, 3.3538776394910668e16, 1e100,
  2.2925850929940456e102, 2.5e305, 1.7555118602376452e308, -1e-310, 713.8013788281542, -1e-10, 23.025850929998178,
  -0.25, 1.589575312551186, -0.5, 1.2655121234846454, -0.9, 2.3580731673920323, -1.1, 2.273651152924463, -1.5,
  0.860047015376481, -3.3, -0.8243558050174264, -5.5, -4.517832174007741, -10.75, -15.403074503504817, -30.5,
  -75.22646798193337, -100.25, -363.4009232278215, -1000.7, -5915.6075367042195,
];
const digammaTable = [
  1e-300, -9.999999999999999e299, 1e-100, -1e100, 1e-10, -10000000000.577215, 0.01, -100.56088545786868, 0.1,
  -10.423754940411076, 0.25, -4.2274535333762655, 0.5, -1.9635100260214235, 0.75, -1.0858608797864722, 0.9,
  -0.7549269499470513, 0.9999999999999999, -0.5772156649015331, 1, -0.5772156649015329, 1.0000000000000002,
  -0.5772156649015325, 1.2, -0.2890398965921884, 1.4, -0.06138454458511624, 1.46, -0.0015805619870834522,
  1.4616321449683622, -9.241265521729427e-17, 1.4616321449683625, 1.2245374622004068e-16, 1.47, 0.008066489011364869,
  1.5, 0.03648997397857652, 1.75, 0.24747245354686118, 2, 0.42278433509846713, 2.5, 0.7031566406452432, 2.85,
  0.8617405300860203, 3, 0.9227843350984671, 3.0000000000000004, 0.9227843350984674, 3.7, 1.1671535393615113, 4.2,
  1.3113388912865995, 5, 1.5061176684318005, 5.9, 1.6878194259079582, 5.999999999999999, 1.7061176684318002, 6,
  1.7061176684318005, 7.6, 1.9609184996010447, 10, 2.251752589066721, 25.5, 3.2189424728839198, 100, 4.600161852738087,
  1000000, 13.815510057964191, 1000000000000000, 34.538776394910684, 1e100, 230.25850929940458, 1e300,
  690.7755278982137, -1e-10, 9999999999.422785, -0.25, 2.9141391202135276, -0.49, 0.1258288023670366, -0.6,
  -0.8947178779184493, -0.9, -9.312643829299969, -1.1, 10.15416395914385, -1.25, 3.714139120213528, -2.3,
  3.3173231575618227, -4.75, -1.4818622825218566, -10.2, 6.694638450417517, -30.7, 1.1579602221507959, -100.1,
  14.279984365172156,
];
const polygammaTable = [
  1, 1e-100, 1e200, 1, 0.01, 10001.621213528313, 1, 0.25, 17.19732915450711, 1, 0.5, 4.934802200544679, 1, 1,
  1.6449340668482264, 1, 1.5, 0.9348022005446793, 1, 2.6, 0.4678068931245799, 1, 5, 0.22132295573711533, 1, 9.8,
  0.10742369477602777, 1, 11.7, 0.0892265637329124, 1, 30.5, 0.03333024811280161, 1, 10000, 0.00010000500016666666, 1,
  1000000000000000, 1.0000000000000005e-15, 1, 1e200, 1e-200, 1, -0.25, 18.541879647671607, 1, -0.5, 8.934802200544679,
  1, -1.5, 9.379246644989124, 1, -3.1, 103.07980188271596, 1, -10.9, 103.26817590908067, 2, 0.01, -2000002.340398677, 2,
  0.5, -16.82879664423432, 2, 1, -2.4041138063191885, 2, 3.4, -0.11558972389149809, 2, 12.2, -0.00729185065678379, 2,
  100, -0.00010100499983335, 2, 100000000, -1.00000001e-16, 2, -0.25, 122.69736678366236, 2, -2.7, -68.9329390232638, 2,
  -10.1, 1998.650780070702, 3, 0.05, 960005.388322313, 3, 1, 6.493939402266829, 3, 2.5, 0.22390584881725206, 3, 11.5,
  0.001496464752269225, 3, 50, 1.6486398720682052e-5, 3, -1.25, 1558.2209125348506, 3, -6.6, 283.5967665881574, 4, 0.4,
  -2348.5912734879894, 4, 2, -0.8862661234408782, 4, 14, -0.0001798204555748417, 4, -3.3, 9738.733062132023, 7, 0.6,
  300188.55839121836, 7, 3, 0.8623752376394704, 7, 20, 6.674755818176071e-7, 7, -2.4, 7990964.336796697, 12, 0.3,
  -3004420073742747.5, 12, 5, -0.43514560691590876, 12, 40, -2.755399787284401e-12, 12, -1.7, -3004370635082597.5, 30,
  0.9, -6.95252056817027e33, 30, 8, -27506.955293920804, 30, 70, -4.825238857917769e-25, 30, -4.8,
  -1.2351798816220078e54, 100, 0.7, -4.1219395015915057e173, 100, 20, -3.707975416337827e26, 100, 300,
  -2.1295392226500303e-92,
];
// biome-ignore-end lint/suspicious/noApproximativeNumericConstant: values that happen to be constants.

describe("against the correctly rounded value", () => {
  test.each<[string, Unary, number[], number]>([
    ["erf", erf, erfTable, 2],
    ["logistic", logistic, logisticTable, 2],
    ["exp2", exp2, exp2Table, 2],
    ["lgamma", lgamma, lgammaTable, 3],
    ["digamma", digamma, digammaTable, 3],
  ])("%s is as near as it says", (_name, kernel, table, limit) => {
    for (let i = 0; i < table.length; i += 2) {
      const [x, expected] = table.slice(i, i + 2);
      const isReflected = x < 0 && (kernel === lgamma || kernel === digamma);
      if (isReflected) expectNear(kernel(x), expected, Math.abs(expected) + Math.abs(kernel(1 - x)), limit);
      else expect([x, ulps(kernel(x), expected) <= limit]).toEqual([x, true]);
    }
  });

  test("polygamma is as near as it says, where it has no zeros", () => {
    for (let i = 0; i < polygammaTable.length; i += 3) {
      const [n, x, expected] = polygammaTable.slice(i, i + 3);
      const limit = 5 + n / 4 + (x < 0 && n % 2 === 0 ? 5 : 0);
      expect([n, x, ulps(polygamma(n, x), expected) <= limit]).toEqual([n, x, true]);
    }
  });

  test.each<[string, Unary, number]>([
    ["erf", erf, 2],
    ["exp2", exp2, 2],
    ["sigmoid", logistic, 2],
    ["rsqrt", rsqrt, 2],
    ["round_even", roundHalfEven, 0],
    ["sign", Math.sign, 0],
  ])("%s meets the conformance rows", (name, kernel, limit) => {
    const special: Record<string, number> = { nan: NaN, inf: Infinity, "-inf": -Infinity, "-0": -0 };
    const numeric = (cell: number | string): number => (typeof cell === "string" ? special[cell] : cell);
    const rows: [number | string, number | string][] = JSON.parse(referenceText("edges/unary_f64.json")).unary[name];
    for (const row of rows) {
      const [x, expected] = row.map(numeric);
      expect([x, kernel(x), ulps(kernel(x), expected) <= limit]).toEqual([x, kernel(x), true]);
    }
  });
});

describe("edges", () => {
  test.each<[string, Unary, number[]]>([
    ["erf", erf, [NaN, NaN, Infinity, 1, -Infinity, -1, 0, 0, -0, -0, -5e-324, -5e-324, 1e300, 1]],
    ["logistic", logistic, [NaN, NaN, Infinity, 1, -Infinity, 0, 0, 0.5, -0, 0.5, -746, 0, 800, 1]],
    ["exp2", exp2, [NaN, NaN, Infinity, Infinity, -Infinity, 0, -0, 1, 1024, Infinity, -1075, 0, -1074, 5e-324]],
    ["lgamma", lgamma, [NaN, NaN, Infinity, Infinity, -Infinity, Infinity, 0, Infinity, -0, Infinity, -1, Infinity]],
    ["lgamma", lgamma, [1, 0, 2, 0, -1e20, Infinity, 3e305, Infinity, -5e-324, 744.4400719213812]],
    ["digamma", digamma, [NaN, NaN, Infinity, Infinity, -Infinity, NaN, 0, NaN, -0, NaN, -3, NaN, -1e20, NaN]],
    ["rsqrt", rsqrt, [NaN, NaN, Infinity, 0, 0, Infinity, -0, -Infinity, -1, NaN, -5e-324, NaN, 4, 0.5]],
    ["round", roundHalfEven, [NaN, NaN, -Infinity, -Infinity, -0, -0, -0.5, -0, 0.5, 0, 1.5, 2, 2.5, 2, -0.3, -0]],
    [
      "round",
      roundHalfEven,
      [0.49999999999999994, 0, 4503599627370495.5, 4503599627370496, 9007199254740991, 9007199254740991],
    ],
    ["popcount", popcount, [0, 0, -1, 32, 0xffffffff, 32, 255, 8, -2147483648, 1, 0x55555555, 16]],
  ])("%s", (_name, kernel, table) => {
    for (let i = 0; i < table.length; i += 2) expect([table[i], kernel(table[i])]).toEqual([table[i], table[i + 1]]);
  });

  test("polygamma has poles with a sign for odd orders only, and no order that is not whole", () => {
    for (const pole of [0, -0, -1, -7, -1e20]) {
      expect([0, 1, 2, 3].map((n) => polygamma(n, pole))).toEqual([NaN, Infinity, NaN, Infinity]);
    }
    expect([0, 1, 2].map((n) => polygamma(n, Infinity))).toEqual([Infinity, 0, -0]);
    expect([polygamma(1, NaN), polygamma(1, -Infinity), polygamma(-1, 2), polygamma(1.5, 2)]).toEqual([
      NaN,
      NaN,
      NaN,
      NaN,
    ]);
    expect([polygamma(1, 5e-324), polygamma(2, 5e-324), polygamma(2, -5e-324)]).toEqual([
      Infinity,
      -Infinity,
      Infinity,
    ]);
    expect(polygamma(1000, 1e-3)).toBe(Infinity * -1);
    expect(polygamma(1001, 50)).toBe(Infinity);
    expect(polygamma(1e9, 1e12)).toBe(-0);
  });

  test("pow is Math.pow but for the square", () => {
    expect(pow(3, 2)).toBe(9);
    expect([pow(1, NaN), pow(-1, Infinity), pow(NaN, 0), pow(-8, 1 / 3)]).toEqual([NaN, NaN, 1, NaN]);
    fc.assert(fc.property(fc.double(), fc.double(), (x, y) => Object.is(pow(x, y), y === 2 ? x * x : x ** y)));
  });

  test("derivatives of powers are polynomials' where the exponent is whole, and powers times factors elsewhere", () => {
    const small = fc.integer({ min: 0, max: 6 });
    const polynomial = (n: number, x: number, y: number): number =>
      n > y ? 0 : Array.from({ length: n }, (_, k) => y - k).reduce((a, b) => a * b, 1) * x ** (y - n);
    fc.assert(
      fc.property(small, fc.integer({ min: -9, max: 9 }), small, (n, x, y) => {
        expect(powDerivative(n, 64, x, y) + 0).toBe(polynomial(n, x, y) + 0);
        expect(powDerivative(n, 32, x, y) + 0).toBe(polynomial(n, x, y) + 0);
      }),
    );
    expect([powDerivative(1, 64, 4, 0.5), powDerivative(2, 64, 4, -1)]).toEqual([0.25, 0.03125]);
    expect([powDerivative(1, 64, 0, 0.5), powDerivative(1, 64, 0, 0), powDerivative(1, 64, NaN, 0)]).toEqual([
      Infinity,
      0,
      0,
    ]);
    // products that overflow have the sign of the factors behind it, unless one of them is 0, whatever the order
    const high = fc.oneof(fc.integer({ min: 250, max: 2000 }), fc.integer({ min: 2000, max: Number.MAX_SAFE_INTEGER }));
    fc.assert(
      fc.property(high, fc.integer({ min: -400, max: 400 }), fc.constantFrom(32, 64), (n, quarters, bits) => {
        const y = quarters / 4;
        const negatives = n - Math.max(0, Math.floor(y) + 1);
        const expected = Number.isInteger(y) && y >= 0 ? 0 : negatives % 2 === 0 ? Infinity : -Infinity;
        expect(powDerivative(n, bits, 1, y)).toBe(expected);
      }),
    );
    expect(powDerivative(301, 64, 0.5, 300)).toBe(0);
    // of infinite powers the base decides
    const inside = fc.double({ min: -1, max: 1, minExcluded: true, maxExcluded: true, noNaN: true });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 9 }), inside, fc.constantFrom(32, 64), (n, x, bits) => {
        expect(powDerivative(n, bits, x, Infinity)).toBe(0);
        expect(Math.abs(powDerivative(n, bits, x, -Infinity))).toBe(Infinity);
      }),
    );
    expect([powDerivative(2, 64, 3, -Infinity), powDerivative(1, 32, 3, Infinity)]).toEqual([0, Infinity]);
    expect(powDerivative(1, 32, 3, 2.1)).toBe(Math.fround(2.1) * Math.fround(3 ** Math.fround(2.1 - 1)));
  });

  test("copysign sees −0 and takes NaN for positive", () => {
    expect([copysign(3, -0), copysign(-3, 0), copysign(0, -1), copysign(-2, NaN)]).toEqual([-3, 3, -0, 2]);
    expect([copysign(Infinity, -Infinity), copysign(1, -5e-324), copysign(NaN, -1)]).toEqual([-Infinity, -1, NaN]);
  });

  test("Math has maximum, minimum, sign and hypot as this project wants them", () => {
    expect([Math.max(-0, 0), Math.max(0, -0), Math.min(0, -0), Math.min(-0, 0)]).toEqual([0, 0, -0, -0]);
    expect([Math.max(NaN, 1), Math.max(1, NaN), Math.min(NaN, 1), Math.min(1, NaN)]).toEqual([NaN, NaN, NaN, NaN]);
    expect([Math.sign(-0), Math.sign(0), Math.sign(NaN), Math.sign(-5e-324)]).toEqual([-0, 0, NaN, -1]);
    expect([Math.hypot(Infinity, NaN), Math.hypot(NaN, -Infinity)]).toEqual([Infinity, Infinity]);
  });
});

describe("identities", () => {
  const between = (min: number, max: number) => fc.double({ min, max, noNaN: true });
  const anywhere = fc.double({ noNaN: true, noDefaultInfinity: true });

  test("erf is odd and stays within [−1, 1]", () => {
    fc.assert(fc.property(anywhere, (x) => Object.is(erf(-x), -erf(x)) && Math.abs(erf(x)) <= 1));
    fc.assert(fc.property(between(-7, 7), (x) => Object.is(erf(-x), -erf(x)) && Math.abs(erf(x)) <= 1));
  });

  test("logistic(x) + logistic(−x) is 1", () => {
    fc.assert(fc.property(between(-50, 50), (x) => ulps(logistic(x) + logistic(-x), 1) <= 2));
  });

  test("exp2 is exact at whole numbers and doubles from x to x + 1", () => {
    let expected = 5e-324;
    for (let n = -1074; n < 1024; n++, expected *= 2) expect([n, exp2(n)]).toEqual([n, expected]);
    fc.assert(
      fc.property(fc.integer({ min: -(2 ** 40), max: 2 ** 40 }), (k) => {
        const x = k / 2 ** 38; // few bits, so that x + 1 is exact
        return exp2(x + 1) === 2 * exp2(x);
      }),
    );
  });

  test("lgamma: recurrence, reflection, factorials", () => {
    fc.assert(
      fc.property(between(1e-3, 1e3), (x) => {
        expectNear(lgamma(x + 1), lgamma(x) + Math.log(x), 1 + Math.abs(lgamma(x)) + x);
      }),
    );
    fc.assert(
      fc.property(between(0.01, 0.99), (x) => {
        expectNear(lgamma(x) + lgamma(1 - x), Math.log(Math.PI / Math.sin(Math.PI * x)), 4);
        expectNear(lgamma(-x), Math.log(Math.PI / (x * Math.sin(Math.PI * x))) - lgamma(x), 4);
      }),
    );
    let factorial = 1;
    for (let n = 1; n < 170; factorial *= n++) expect(ulps(lgamma(n), Math.log(factorial))).toBeLessThanOrEqual(4);
  });

  test("digamma: recurrence, reflection, order 0 of polygamma", () => {
    fc.assert(
      fc.property(between(-50, 50), (x) => {
        if (Math.abs(x - Math.round(x)) < 1e-6) return;
        const scale = 2 + Math.abs(digamma(x)) + Math.abs(1 / x) + Math.abs(Math.PI / Math.tan(Math.PI * x));
        const slope = polygamma(1, x) * Math.max(1, Math.abs(x)); // x + 1 and 1 − x are themselves rounded
        expectNear(digamma(x + 1), digamma(x) + 1 / x, scale + slope);
        expectNear(polygamma(0, x), digamma(x), scale);
      }),
    );
    fc.assert(
      fc.property(between(0.01, 0.99), (x) => {
        expectNear(
          digamma(1 - x) - digamma(x),
          Math.PI / Math.tan(Math.PI * x),
          2 / x + 2 / (1 - x) + polygamma(1, 1 - x),
        );
      }),
    );
  });

  test("polygamma: recurrence; a difference of one order is the mean of the next", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 6 }), fc.integer({ min: -640, max: 640 }), (n, k) => {
        if (k % 32 === 0) return;
        const x = k / 32; // few bits, so that x + 1 is exact
        let step = n % 2 === 0 ? 1 : -1;
        for (let i = 1; i <= n; i++) step *= i / x;
        const scale = Math.abs(polygamma(n, x)) + Math.abs(polygamma(n + 1, x));
        expectNear(polygamma(n, x + 1), polygamma(n, x) + step / x, scale, 64);
        const h = 2 ** -14;
        const slope = (polygamma(n - 1, x + h) - polygamma(n - 1, x - h)) / (2 * h);
        expect(Math.abs(slope - polygamma(n, x))).toBeLessThanOrEqual(
          h * h * Math.abs(polygamma(n + 2, x)) + 1e-9 * (scale + Math.abs(polygamma(n - 1, x)) + 1) + 1e-7 * scale,
        );
      }),
    );
  });

  test("roundHalfEven is the nearest whole number", () => {
    fc.assert(
      fc.property(fc.oneof(between(-(2 ** 53), 2 ** 53), between(-100, 100)), (x) => {
        const y = roundHalfEven(x);
        return Number.isInteger(y) && Math.abs(x - y) <= 0.5 && Math.sign(1 / y) !== -Math.sign(1 / x);
      }),
    );
    fc.assert(fc.property(fc.integer({ min: -(2 ** 40), max: 2 ** 40 }), (n) => roundHalfEven(n + 0.5) % 2 === 0));
  });

  test("nextAfter is the neighbour in the order of all f64, nextAfterF32 of all f32", () => {
    const some = fc.oneof(
      fc.double({ noNaN: true }),
      fc.integer({ min: -1074, max: 1023 }).map((e) => 2 ** e),
    );
    fc.assert(
      fc.property(some, some, (x, y) => {
        const expected = placeOf(x) + BigInt(Math.sign(Number(placeOf(y) - placeOf(x))));
        return placeOf(nextAfter(x, y)) === expected;
      }),
      { numRuns: 2000 },
    );
    const bits = new Int32Array(1);
    const single = new Float32Array(bits.buffer);
    fc.assert(
      fc.property(fc.float({ noNaN: true }), (x) => {
        const y = nextAfterF32(x, Infinity);
        single[0] = x;
        if (x === Infinity) return y === x;
        if (x === 0) return y === 2 ** -149;
        bits[0] += x > 0 ? 1 : -1;
        return Object.is(y, single[0]) && Object.is(nextAfterF32(-x, -Infinity), -y);
      }),
      { numRuns: 2000 },
    );
    expect([nextAfter(-0, 0), nextAfter(0, -0), nextAfter(-5e-324, 1), nextAfter(NaN, 1)]).toEqual([0, -0, -0, NaN]);
    expect([nextAfter(Infinity, 0), nextAfterF32(-Infinity, 0)]).toEqual([Number.MAX_VALUE, -(2 ** 128 - 2 ** 104)]);
  });
});

describe("integers", () => {
  const int = fc.oneof(fc.integer(), fc.integer({ min: -9, max: 9 }), fc.constantFrom(-(2 ** 31), 2 ** 31 - 1));
  const uint = fc.oneof(fc.integer({ min: 0, max: 2 ** 32 - 1 }), fc.integer({ min: 0, max: 9 }));
  const wrap = (x: bigint) => Number(BigInt.asIntN(32, x));
  const wrapUnsigned = (x: bigint) => Number(BigInt.asUintN(32, x));
  const divide = (x: number, y: number) => (y === 0 ? 0n : BigInt(x) / BigInt(y));
  const remainder = (x: number, y: number) => (y === 0 ? 0n : BigInt(x) % BigInt(y));

  const computed =
    (op: Op) =>
    (x: number, y: number, dtype: DType): number =>
      dtypes[dtype].round(op.scalar?.compute([x, y], { attributes: {}, dtype }) ?? NaN);
  const div = computed(records.div);
  const rem = computed(records.rem);

  test("division truncates, wraps, and gives 0 for a divisor 0", () => {
    fc.assert(
      fc.property(int, int, (x, y) => {
        expect([div(x, y, "i32"), rem(x, y, "i32")]).toEqual([wrap(divide(x, y)), wrap(remainder(x, y))]);
      }),
    );
    fc.assert(
      fc.property(uint, uint, (x, y) => {
        expect([div(x, y, "u32"), rem(x, y, "u32")]).toEqual([
          wrapUnsigned(divide(x, y)),
          wrapUnsigned(remainder(x, y)),
        ]);
      }),
    );
    const least = -(2 ** 31);
    expect([div(least, -1, "i32"), rem(least, -1, "i32"), div(-7, 2, "i32"), rem(-7, 2, "i32")]).toEqual([
      least,
      0,
      -3,
      -1,
    ]);
  });

  test("the bits of an f32 lead to it and back, NaN to the canonical one", () => {
    const [bitsOf, floatOf] = [bitsOfFloat(), floatOfBits()];
    const view = new DataView(new ArrayBuffer(4));
    fc.assert(
      fc.property(int, (bits) => {
        view.setInt32(0, bits);
        const x = view.getFloat32(0);
        expect(floatOf(bits)).toBe(x);
        expect(bitsOf(x)).toBe(Number.isNaN(x) ? 0x7fc00000 : bits);
      }),
    );
    expect([floatOf(2 ** 31), bitsOf(-0), floatOf(0x7f800001)]).toEqual([-0, -(2 ** 31), NaN]);
  });

  test("powers wrap; a negative exponent truncates", () => {
    const small = fc.integer({ min: 0, max: 200 });
    fc.assert(fc.property(int, small, (x, n) => powI32(x, n) === wrap(BigInt(x) ** BigInt(n))));
    fc.assert(fc.property(uint, small, (x, n) => powU32(x, n) === wrapUnsigned(BigInt(x) ** BigInt(n))));
    expect([powI32(0, 0), powI32(0, -1), powI32(1, -5), powI32(-1, -5), powI32(-1, -4), powI32(2, -1)]).toEqual([
      1, 0, 1, -1, 1, 0,
    ]);
    expect([powI32(-1, -(2 ** 31)), powU32(3, 2 ** 32 - 1), powU32(0, 0)]).toEqual([
      1,
      powU32(powU32(3, 65535), 65537),
      1,
    ]);
  });

  test("popcount counts the ones", () => {
    fc.assert(fc.property(uint, (x) => popcount(x) === x.toString(2).replaceAll("0", "").length));
    fc.assert(fc.property(int, (x) => popcount(x) === popcount(x >>> 0)));
  });
});

test.each<[string, Unary, number, number]>([
  ["erf", erf, 1, 1],
  ["erf", erf, 2, 1],
  ["erf", erf, 6, 1],
  ["logistic", logistic, 0, 1],
  ["logistic", logistic, -36.7, 1],
  ["exp2", exp2, 0.5, 1],
  ["exp2", exp2, 1000.5, 1],
  ["exp2", exp2, -1000.5, 1],
  ["exp2", exp2, -1022, 1],
  ["lgamma", lgamma, 0.75, -1],
  ["lgamma", lgamma, 1, -1],
  ["lgamma", lgamma, 1.75, 1],
  ["lgamma", lgamma, 3, 1],
  ["lgamma", lgamma, 8, 1],
  ["digamma", digamma, 1, 1],
  ["digamma", digamma, 1.4616321449683622, 1],
  ["digamma", digamma, 3, 1],
  ["digamma", digamma, 6, 1],
  ["trigamma", (x) => polygamma(1, x), 11.6, -1],
])("%s stays monotone across the join at %d", (_name, kernel, at, direction) => {
  const step = 2 ** -46 * Math.max(1, Math.abs(at));
  for (let k = -300; k < 300; k++) {
    const rise = kernel(at + (k + 1) * step) - kernel(at + k * step);
    expect(rise * direction).toBeGreaterThanOrEqual(0);
  }
});

describe("alone as text", () => {
  const arguments_ = [erfTable, logisticTable, exp2Table, lgammaTable, digammaTable].flatMap((table) =>
    table.filter((_, i) => i % 2 === 0),
  );
  arguments_.push(NaN, Infinity, -Infinity, -0, 0, 1, 2, -1, 255, -(2 ** 31), 2 ** 32 - 1);

  type Kernel = (...args: number[]) => number;
  const isMaker = (f: Kernel | (() => Kernel)): f is () => Kernel => f.length === 0;

  test.each(Object.entries(kernels))("%s needs only Math and Number, and gives the same bits", (_name, source) => {
    const known: Record<string, unknown> = { Math, Number, Infinity, NaN, Float32Array, Int32Array };
    const scope = new Proxy(known, {
      has: () => true,
      get: (_, name) => {
        if (name === Symbol.unscopables) return undefined;
        if (typeof name === "string" && name in known) return known[name];
        throw new ReferenceError(`the kernel refers to ${String(name)}`);
      },
    });
    const fromText = new Function("scope", `with (scope) { return (${source.toString()}); }`)(scope) as typeof source;
    const [alone, kernel] = [fromText, source].map((f): Kernel => (isMaker(f) ? f() : f));
    for (const [i, x] of arguments_.entries()) {
      const y = arguments_[(i * 7 + 3) % arguments_.length];
      for (const [a, b] of [
        [x, y],
        [i % 5, x],
      ]) {
        const same = Object.is(alone(a, b), kernel(a, b));
        expect([a, b, same]).toEqual([a, b, true]);
      }
    }
  });
});
