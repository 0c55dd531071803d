# PyTorch on the processor, one thread, each operation at once. It speaks the lines of JSON that Node's other sides speak.

import json
import math
import os
import sys
import time

channel = int(os.environ["NODE_CHANNEL_FD"])
answers = os.fdopen(channel, "rb", closefd=False)


def tell(**message):
    line = (json.dumps(message) + "\n").encode()
    while line:
        line = line[os.write(channel, line) :]


def next_question():
    line = answers.readline()
    if not line:
        sys.exit()
    return json.loads(line)


try:
    import numpy as np
    import torch
    import torch.nn.functional as F
except ImportError as error:
    tell(absent=str(error))
    sys.exit()

torch.set_num_threads(1)
folder = os.environ["BENCH_PROBLEMS"]
now = time.process_time if os.environ.get("BENCH_CLOCK") == "processor" else time.perf_counter


def blas():
    """Which library multiplies matrices: the rate of products depends on little else."""
    with open("/proc/self/maps") as maps:
        loaded = maps.read()
    known = {"openblas": "OpenBLAS", "libmkl": "MKL", "libblis": "BLIS", "atlas": "ATLAS"}
    return next((name for mark, name in known.items() if mark in loaded), "the reference BLAS")


class Problem:
    def __init__(self, row):
        with open(f"{folder}/{row}.json") as file:
            described = json.load(file)
        self.inputs = {name: self.read(tensor) for name, tensor in described["inputs"].items()}
        self.want = [self.read(tensor) for tensor in described["want"]]
        self.tolerance = described["tolerance"]

    def read(self, tensor):
        dtype = {"f32": np.float32, "f64": np.float64, "i32": np.int32}[tensor["dtype"]]
        return torch.from_numpy(np.fromfile(f"{folder}/{tensor['file']}", dtype).reshape(tensor["shape"]))

    def check(self, got):
        for k, (want, allowed) in enumerate(zip(self.want, self.tolerance)):
            values = torch.as_tensor(got[k], dtype=torch.float64).detach().reshape(-1)
            worst = float(((values - want).abs() / (1 + want.abs())).max())
            if not worst <= allowed:
                raise ValueError(f"wrong: result {k} is off by {worst}, {allowed} is allowed")


def without_gradient(function, *inputs):
    def work():
        with torch.no_grad():
            return function(*inputs)

    return work, lambda: [work()]


def with_gradient(function, *inputs):
    """The value, the sum of which is differentiated, and the gradient by each input."""
    leaves = [x.clone().requires_grad_() for x in inputs]

    def work():
        value = function(*leaves)
        total = value if value.dim() == 0 else value.sum()
        return (value, *torch.autograd.grad(total, leaves))

    return work, work


def training(loss, parameters, count):
    leaves = [p.clone().requires_grad_() for p in parameters]

    def work():
        value = loss(*leaves)
        gradients = torch.autograd.grad(value, leaves)
        with torch.no_grad():
            torch._foreach_add_(leaves, gradients, alpha=-0.1)
        return value.item()

    return work, lambda: [[work() for _ in range(count)]]


def formula(x, y, z):
    return torch.sin(x * y) + torch.exp(z / 3) * x * x - torch.log(1 + y * y)


def gelu(a, b, c):
    return F.gelu(a * b + c, approximate="tanh")


def total_of_gelu(a, b, c):
    return gelu(a, b, c).sum()


def perceptron(x, W1, b1, W2, b2, W3, b3):
    first = torch.relu(torch.addmm(b1, x, W1))
    second = torch.relu(torch.addmm(b2, first, W2))
    return torch.addmm(b3, second, W3)


def perceptron_of(p):
    return [p[name] for name in ("W1", "b1", "W2", "b2", "W3", "b3")]


def train_perceptron(p):
    labels = p["labels"].long()
    return training(lambda *q: F.cross_entropy(perceptron(p["x"], *q), labels), perceptron_of(p), 5)


def train_network(p):
    """Features before pixels, as its convolutions are fastest."""
    x = p["x"].permute(0, 3, 1, 2).contiguous()
    labels = p["labels"].long()
    kernels = [p[k].permute(3, 2, 0, 1).contiguous() for k in ("k1", "k2")]

    def loss(k1, b1, k2, b2, W, b):
        first = F.max_pool2d(torch.relu(F.conv2d(x, k1, b1, padding=1)), 2)
        second = F.max_pool2d(torch.relu(F.conv2d(first, k2, b2, padding=1)), 2)
        return F.cross_entropy(torch.addmm(b, second.mean((2, 3)), W), labels)

    return training(loss, [kernels[0], p["b1"], kernels[1], p["b2"], p["W"], p["b"]], 2 if x.shape[2] > 28 else 5)


def mixture(p):
    """The likelihood of a Gaussian mixture, vectorised: the objective of ADBench."""
    x, gamma, m = p["x"], float(p["gamma"]), float(p["m"])
    (n, d), k = x.shape, p["means"].shape[0]
    columns = torch.tensor([i for i in range(d) for j in range(i + 1, d)])
    rows = torch.tensor([j for i in range(d) for j in range(i + 1, d)])
    freedom = d + m + 1
    gamma_of_half = float(torch.special.multigammaln(torch.tensor(freedom / 2, dtype=torch.float64), d))
    constant = freedom * d * (math.log(gamma) - 0.5 * math.log(2)) - gamma_of_half

    def likelihood(alphas, means, icf):
        logs = icf[:, :d]
        diagonal, determinants = torch.exp(logs), logs.sum(1)
        lower = torch.diag_embed(diagonal)
        lower = lower.index_put((torch.arange(k)[:, None], rows, columns), icf[:, d:])
        whitened = torch.bmm(x[None] - means[:, None], lower.transpose(1, 2))
        exponents = alphas + determinants - 0.5 * (whitened**2).sum(2).t()
        squares = (diagonal**2).sum() + (icf[:, d:] ** 2).sum()
        prior = 0.5 * gamma * gamma * squares - m * determinants.sum() - k * constant
        points = torch.logsumexp(exponents, 1).sum() - n * torch.logsumexp(alphas, 0)
        return points - 0.5 * n * d * math.log(2 * math.pi) + prior

    return likelihood, [p["alphas"], p["means"], p["icf"]]


def mixture_value(p):
    likelihood, parameters = mixture(p)
    work, _ = without_gradient(likelihood, *parameters)
    return (lambda: work().item()), lambda: [[work().item()]]


def mixture_gradient(p):
    likelihood, parameters = mixture(p)
    work, _ = with_gradient(likelihood, *parameters)

    def results():
        value, *gradients = work()
        return [value, torch.cat([g.reshape(-1) for g in gradients])]

    return work, results


def product(p):
    return without_gradient(torch.matmul, p["A"], p["B"])


def total(p):
    work, _ = without_gradient(lambda x: x.sum(), p["x"])
    return (lambda: work().item()), lambda: [[work().item()]]


makers = {
    "formula.value": lambda p: without_gradient(formula, *p.values()),
    "formula.gradient": lambda p: with_gradient(formula, *p.values()),
    "gelu.value": lambda p: without_gradient(gelu, *p.values()),
    "gelu.gradient": lambda p: with_gradient(total_of_gelu, *p.values()),
    "softmax": lambda p: without_gradient(lambda x: torch.softmax(x, 1), *p.values()),
    "layernorm": lambda p: without_gradient(lambda x, g, b: torch.layer_norm(x, (1024,), g, b, 1e-5), *p.values()),
    "sum": total,
    "product.256": product,
    "product.512": product,
    "product.1024": product,
    "mlp.value": lambda p: without_gradient(perceptron, p["x"], *perceptron_of(p)),
    "mlp.step": train_perceptron,
    "cnn.28": train_network,
    "cnn.100": train_network,
    "gmm.value": mixture_value,
    "gmm.gradient": mixture_gradient,
}


def made(row):
    problem = Problem(row)
    work, results = makers[row](problem.inputs)
    problem.check(results())
    return work


def sample(work, calls):
    start = now()
    for _ in range(calls):
        work()
    return (now() - start) * 1000 / calls


def settle(work):
    start = time.perf_counter()
    while time.perf_counter() - start < 0.3:
        work()
    calls = 1
    while (ms := sample(work, calls)) * calls < 3 and calls < 10**7:
        calls *= 2
    return calls, ms


def offer(row, section):
    """Offers a row and answers until the next one is asked for; its work is made when it is first asked for."""
    tell(row=row, section=section)
    work, calls = None, 1
    while (question := next_question()) != "next":
        work = work or made(row)
        if question == "settle":
            calls, ms = settle(work)
        else:
            ms = sample(work, calls)
        tell(ms=ms)


tell(name=f"PyTorch {torch.__version__}", note=f"products by {blas()}")
for row, section in json.loads(os.environ["BENCH_SECTIONS"]).items():
    if row not in makers:
        continue
    try:
        offer(row, section)
    except Exception as error:
        tell(failed=str(error).split("\n")[0], section=section, title=row)
