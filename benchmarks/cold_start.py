"""Whole processes: from nothing to XOR (2-2-1) trained for 10,000 updates, beside what else there is for that.

chainrule is measured as in the first process ever (nothing kept on disk), as in every later one, and as in a later one
of a program that uses NumPy. Plain Python begins with the same weights and must end with the same error; FANN draws its
own. Then what compiling takes as the first thing that a process does, and a first `fit`.
"""

from __future__ import annotations

import subprocess
import tempfile
from ctypes.util import find_library
from importlib.util import find_spec
from statistics import median

from _measure import PYTHON, machine, processes, verdict

TIMES, SLOW_TIMES = 11, 3
FRESH, KEPT = 0.150, 0.040  # seconds of a process
COMPILE = {"(64, 32, 10)": 0.080, "(784, 128, 10)": 0.200}
KEEP = "import os; os.environ['CHAINRULE_CACHE'] = {folder!r}\n"
XOR = """
import chainrule as cr
net = cr.MLP([2, 2, 1], init="uniform(-0.5, 0.5)", seed=3)
X, T = [[0, 0], [0, 1], [1, 0], [1, 1]], [0, 1, 1, 0]
history = cr.train(net, X, T, optimizer=cr.sgd(0.5), epochs=2500, over="sum", shuffle=False)
print(history.error)
"""
PLAIN = """
from math import exp
X, T = [[0, 0], [0, 1], [1, 0], [1, 1]], [0, 1, 1, 0]
W1, b1, W2, b2 = {weights}
for n in range(2500):
    error = 0.0
    for (x, y), t in zip(X, T):
        h = [1 / (1 + exp(-(w[0] * x + w[1] * y + b))) for w, b in zip(W1, b1)]
        o = 1 / (1 + exp(-(W2[0][0] * h[0] + W2[0][1] * h[1] + b2[0])))
        error += 0.5 * (t - o) ** 2
        d = 0.5 * (o - t) * o * (1 - o)
        for j in range(2):
            e = d * W2[0][j] * h[j] * (1 - h[j])
            W2[0][j] -= d * h[j]
            W1[j][0] -= e * x
            W1[j][1] -= e * y
            b1[j] -= e
        b2[0] -= d
print(error)
"""
FANN = """
import ctypes
fann, real = ctypes.CDLL({library!r}), ctypes.c_float
fann.fann_create_standard_array.restype = ctypes.c_void_p
net = ctypes.c_void_p(fann.fann_create_standard_array(3, (ctypes.c_uint * 3)(2, 2, 1)))
for name in ("hidden", "output"):
    getattr(fann, "fann_set_activation_function_" + name)(net, 3)
    getattr(fann, "fann_set_activation_steepness_" + name)(net, real(0.5))
fann.fann_set_training_algorithm(net, 0)
fann.fann_set_learning_rate(net, real(0.5))
rows = [((real * 2)(a, b), (real * 1)(a != b)) for a in (0, 1) for b in (0, 1)]
for n in range(10_000):
    fann.fann_train(net, *rows[n & 3])
"""
JAX = """
import jax, jax.numpy as jnp
X, T = jnp.array([[0, 0], [0, 1], [1, 0], [1, 1]], float), jnp.array([[0], [1], [1], [0]], float)
def loss(p, x, t):
    h = jax.nn.sigmoid(p[0] @ x + p[1])
    return 0.5 * jnp.sum((t - jax.nn.sigmoid(p[2] @ h + p[3])) ** 2)
def step(p, n):
    g = jax.grad(loss)(p, X[n % 4], T[n % 4])
    return [a - 0.5 * b for a, b in zip(p, g)], None
key = jax.random.split(jax.random.key(0), 2)
p = [jax.random.uniform(key[0], (2, 2)), jnp.zeros(2), jax.random.uniform(key[1], (1, 2)), jnp.zeros(1)]
jax.block_until_ready(jax.jit(lambda p: jax.lax.scan(step, p, jnp.arange(10_000))[0])(p))
"""
SKLEARN = """
from sklearn.neural_network import MLPClassifier
import warnings
warnings.simplefilter("ignore")
net = MLPClassifier([2], "logistic", solver="sgd", batch_size=1, learning_rate_init=0.5, momentum=0, alpha=0,
                    max_iter=2500, tol=0, n_iter_no_change=10**9)
net.fit([[0, 0], [0, 1], [1, 0], [1, 1]], [0, 1, 1, 0])
"""
TORCH = """
import torch
torch.set_num_threads(1)
net = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.Sigmoid(), torch.nn.Linear(2, 1), torch.nn.Sigmoid())
rule = torch.optim.SGD(net.parameters(), 0.5)
X, T = torch.tensor([[0.0, 0], [0, 1], [1, 0], [1, 1]]), torch.tensor([[0.0], [1], [1], [0]])
for n in range(10_000):
    rule.zero_grad()
    (0.5 * ((T[n & 3] - net(X[n & 3])) ** 2).sum()).backward()
    rule.step()
"""
COMPILING = """
from time import process_time
import numpy as np, chainrule as cr
import chainrule.training.run  # what does the training, without what compiles
from chainrule.training import kernels
kernels.LIMIT = 0.0  # made with care, as for a long run
layers = {layers}
net = cr.MLP(layers, dtype="float32")
X, T = np.zeros((1, layers[0]), np.float32), np.zeros((1, layers[-1]), np.float32)
a = process_time()
from chainrule.targets.llvm.library import library; library()
b = process_time()
cr.train(net, X, T, epochs=1)
print(b - a, process_time() - b)
"""
FIT = """
from time import process_time
from sklearn.datasets import load_iris
from chainrule import MLPClassifier
X, y = load_iris(return_X_y=True)
net = MLPClassifier([10], max_iter=2, random_state=0)
import warnings
warnings.simplefilter("ignore")
a = process_time()
net.fit(X, y)
net.predict(X)
print(process_time() - a)
"""


def python(code: str) -> list[str]:
    return [PYTHON, "-c", code]


def printed(code: str) -> list[float]:
    """The numbers that a process prints."""
    output = subprocess.run(python(code), check=True, capture_output=True, text=True).stdout
    return [float(word) for word in output.split()]


def plain_python() -> str:
    """Plain Python from the same weights."""
    import chainrule as cr

    net = cr.MLP([2, 2, 1], init="uniform(-0.5, 0.5)", seed=3)
    return PLAIN.format(weights=", ".join(str(value.tolist()) for value in net.parameters.values()))


def contenders(folder: str) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    """The quick ones, and those that take seconds."""
    quick = {
        "Python that does nothing": "pass",
        "chainrule, kept": KEEP.format(folder=folder) + XOR,
        "chainrule, kept, with NumPy": KEEP.format(folder=folder) + "import numpy" + XOR,
        "chainrule, nothing kept": KEEP.format(folder="0") + XOR,
        "import numpy": "import numpy",
        "plain Python": plain_python(),
    }
    library = find_library("floatfann")
    if library:
        quick["FANN, called by ctypes"] = FANN.format(library=library)
    peers = {"jax": ("JAX scan", JAX), "sklearn": ("scikit-learn", SKLEARN), "torch": ("PyTorch", TORCH)}
    slow = {name: code for part, (name, code) in peers.items() if find_spec(part)}
    return {name: python(code) for name, code in quick.items()}, {name: python(code) for name, code in slow.items()}


def main() -> None:
    print(machine())
    print(f"seconds of whole processes, {TIMES} runs each, in turns; those that take seconds {SLOW_TIMES}\n")
    with tempfile.TemporaryDirectory() as folder:
        ours = KEEP.format(folder=folder)
        first, again, plain = printed(ours + XOR), printed(ours + XOR), printed(plain_python())
        assert first == again, "what is kept gives another error"
        assert abs(first[0] - plain[0]) < 1e-6 * plain[0], f"plain Python ends with {plain}, chainrule with {first}"
        quick, slow = contenders(folder)
        found = {**processes(quick, times=TIMES), **processes(slow, times=SLOW_TIMES)}
        print(f"{'':28}{'median':>8} {'min':>8} {'max':>8} {'processor':>10}")
        for name, times in found.items():
            print(f"{name:28}{times}")
        checks = {
            "nothing kept, seconds of the processor": (median(found["chainrule, nothing kept"].worked), FRESH),
            "kept, seconds of the processor": (median(found["chainrule, kept"].worked), KEPT),
        }
        print("\nprocessor seconds of the first training step of a process, 5 processes each")
        print(f"{'':20}{'loading LLVM':>14}{'all else':>12}{'kept':>12}")
        for layers, limit in COMPILE.items():
            code = COMPILING.format(layers=layers)
            fresh = [printed(KEEP.format(folder="0") + code) for _ in range(5)]
            code = code.replace("library()", "library")
            kept = [printed(ours + code) for _ in range(6)]
            loading, rest = (median(column) for column in zip(*fresh, strict=True))
            print(f"{layers:20}{loading:14.3f}{rest:12.3f}{median(one[1] for one in kept[1:]):12.3f}")
            checks[f"{layers} compiled as the first, seconds"] = (rest, limit)
        if find_spec("sklearn"):
            fresh = [printed(KEEP.format(folder="0") + FIT)[0] for _ in range(3)]
            kept = [printed(ours + FIT)[0] for _ in range(4)]
            print(f"\nfit and predict of iris, processor seconds: {median(fresh):.3f}, kept {median(kept[1:]):.3f}")
        verdict(checks)


if __name__ == "__main__":
    main()
