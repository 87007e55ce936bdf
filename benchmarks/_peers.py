"""The peers of the speed comparison, each as a function from a task to what runs it for so many epochs from the start.

Each is written the way its own users make it fast. What takes long only once - compiling, copying the examples into the
library's own arrays - is done before or in the first run, which is not timed.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any, TypeAlias

import numpy as np
from _tasks import ACTIVATIONS, BETA1, BETA2, EPSILON, MOMENTUM, Array, Parameters, Task, examples, start

Run: TypeAlias = Callable[[int], Parameters]  # epochs, from the first weights on
Make: TypeAlias = Callable[[Task], Run]


def _jax_step(task: Task) -> tuple[Any, Any, Any]:
    """JAX, its update as a function of (parameters, memory, number) and (x, t), and what it starts from."""
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", task.dtype == "float64")
    functions = {
        **{name: getattr(jax.nn, name) for name in ("sigmoid", "relu", "leaky_relu", "elu", "softplus")},
        "tanh": jnp.tanh,
        "gelu": lambda z: jax.nn.gelu(z, approximate=False),
        "linear": lambda z: z,
        "softmax": lambda z: z,
    }
    adam, share = task.rule == "adam", MOMENTUM if task.rule == "momentum" else 0.0

    def net_input(w: Any, a: Any) -> Any:
        return w @ a if task.online else a @ w

    def loss(p: Any, x: Any, t: Any) -> Any:
        a = x
        for layer, name in enumerate(task.activations, 1):
            a = functions[name](net_input(p[f"W{layer}"], a) + p[f"b{layer}"])
        if task.output == "softmax":
            return -jnp.mean(jnp.sum(t * jax.nn.log_softmax(a), axis=-1))
        return 0.5 * jnp.mean(jnp.sum((t - a) ** 2, axis=-1))

    def step(carry: Any, example: Any) -> Any:
        p, memory, number = carry
        g = jax.grad(loss)(p, *example)
        if adam:
            number = number + 1
            m = jax.tree.map(lambda m, g: BETA1 * m + (1 - BETA1) * g, memory[0], g)
            v = jax.tree.map(lambda v, g: BETA2 * v + (1 - BETA2) * g * g, memory[1], g)
            speed, root = task.rate / (1 - BETA1**number), jnp.sqrt(1 - BETA2**number)
            p = jax.tree.map(lambda w, m, v: w - speed * m / (jnp.sqrt(v) / root + EPSILON), p, m, v)
            return (p, (m, v), number), None
        if share:
            memory = jax.tree.map(lambda v, g: share * v - task.rate * g, memory, g)
            return (jax.tree.map(jnp.add, p, memory), memory, number), None
        return (jax.tree.map(lambda w, g: w - task.rate * g, p, g), memory, number), None

    first = {name: jnp.asarray(value) for name, value in _turned(task, start(task)).items()}
    zeros = jax.tree.map(jnp.zeros_like, first)
    memory = (zeros, zeros) if adam else zeros if share else ()
    return jax, step, (first, memory, jnp.zeros((), task.dtype))


def _turned(task: Task, parameters: Parameters) -> dict[str, Array]:
    """Weights as XLA is fastest with them: a row an input for batches, a row a unit for one example; and back."""
    return {name: np.asarray(value if task.online else value.T) for name, value in parameters.items()}


def jax_scan(task: Task, unroll: int = 1) -> Run:
    """An epoch is one compiled scan over the updates."""
    jax, step, begin = _jax_step(task)
    X, T = (jax.numpy.asarray(part) for part in examples(task))
    if not task.online:  # one example alone is a vector, a batch a matrix
        X, T = (part.reshape(-1, task.batch, part.shape[1]) for part in (X, T))
    epoch = jax.jit(lambda carry, X, T: jax.lax.scan(step, carry, (X, T), unroll=unroll)[0], donate_argnums=0)

    def run(epochs: int) -> Parameters:
        carry = jax.tree.map(jax.numpy.copy, begin)
        for _ in range(epochs):
            carry = epoch(carry, X, T)
        return _turned(task, carry[0])

    return run


def jax_scan_8(task: Task) -> Run:
    """The same scan, eight updates unrolled."""
    return jax_scan(task, unroll=8)


def jax_step(task: Task) -> Run:
    """A compiled update, called from Python."""
    jax, step, begin = _jax_step(task)
    X, T = examples(task)
    update = jax.jit(lambda carry, x, t: step(carry, (x, t))[0], donate_argnums=0)
    if task.online:  # rows of NumPy are what a compiled function takes fastest
        batches = list(zip(X, T, strict=True))
    else:
        parts = [slice(at, at + task.batch) for at in range(0, task.rows, task.batch)]
        batches = [(jax.numpy.asarray(X[part]), jax.numpy.asarray(T[part])) for part in parts]

    def run(epochs: int) -> Parameters:
        carry = jax.tree.map(jax.numpy.copy, begin)
        for _ in range(epochs):
            for x, t in batches:
                carry = update(carry, x, t)
        return _turned(task, carry[0])

    return run


def torch_eager(task: Task, *, fused: bool = False, compiled: bool = False) -> Run:
    """The loop that tutorials show: a module, a loss and an optimizer."""
    import torch
    from torch.nn import functional

    torch.set_num_threads(task.threads)
    functions: dict[str, Any] = {
        **{name: getattr(torch, name) for name in ("sigmoid", "tanh", "relu")},
        **{name: getattr(functional, name) for name in ("leaky_relu", "elu", "softplus", "gelu")},
    }
    X, T = (torch.from_numpy(part) for part in examples(task))
    first = {name: torch.from_numpy(value) for name, value in start(task).items()}
    if task.output == "softmax":
        T = T.argmax(1)
    xs, ts = (X.unbind(0), T.unbind(0)) if task.online else (X.split(task.batch), T.split(task.batch))

    def loss(p: Any, x: Any, t: Any) -> Any:
        a = x
        for layer, name in enumerate(task.activations, 1):
            a = functional.linear(a, p[f"W{layer}"], p[f"b{layer}"])
            a = functions[name](a) if name in functions else a
        if task.output == "softmax":
            return functional.cross_entropy(a, t)
        return 0.5 * ((t - a) ** 2).sum() / task.batch

    if compiled:
        torch._dynamo.reset()
        loss = torch.compile(loss, dynamic=False)

    def run(epochs: int) -> Parameters:
        p = {name: value.clone().requires_grad_() for name, value in first.items()}
        if task.rule == "adam":
            rule: Any = torch.optim.Adam(p.values(), lr=task.rate, fused=fused)
        else:
            share = MOMENTUM if task.rule == "momentum" else 0.0
            rule = torch.optim.SGD(p.values(), lr=task.rate, momentum=share, fused=fused)
        for _ in range(epochs):
            for x, t in zip(xs, ts, strict=True):
                rule.zero_grad()
                loss(p, x, t).backward()
                rule.step()
        return {name: value.detach().numpy() for name, value in p.items()}

    return run


def torch_fused(task: Task) -> Run:
    """The same, with the optimizer in one compiled loop."""
    return torch_eager(task, fused=True)


def torch_compiled(task: Task) -> Run:
    """The same, forward and backward pass compiled too."""
    return torch_eager(task, fused=True, compiled=True)


def sklearn_fit(task: Task) -> Run:
    """`MLPClassifier.fit`, whose weights are put in place and kept (`warm_start`); it has no plain squared error."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.neural_network import MLPClassifier

    X, T = examples(task)
    y = T.argmax(1)
    first = start(task)
    model = MLPClassifier(
        task.layers[1:-1], activation={"sigmoid": "logistic"}.get(task.hidden, task.hidden), alpha=0, max_iter=1,
        solver="adam" if task.rule == "adam" else "sgd", learning_rate_init=task.rate, batch_size=task.batch,
        momentum=MOMENTUM if task.rule == "momentum" else 0.0, nesterovs_momentum=False, shuffle=False,
        warm_start=True, tol=0.0, n_iter_no_change=10**9,
    )  # fmt: skip
    count = len(task.layers)

    def run(epochs: int) -> Parameters:
        model.coefs_ = [first[f"W{layer}"].T.copy() for layer in range(1, count)]
        model.intercepts_ = [first[f"b{layer}"].copy() for layer in range(1, count)]
        model.max_iter = epochs
        fit()
        found = {f"W{layer}": w.T for layer, w in enumerate(model.coefs_, 1)}
        return {**found, **{f"b{layer}": b for layer, b in enumerate(model.intercepts_, 1)}}

    def fit() -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            model.fit(X, y)

    fit()  # draws weights, which later fits keep
    return run


_SLOPES: dict[str, Callable[[Array], Array]] = {  # by what the activation is worth
    "sigmoid": lambda a: a * (1 - a),
    "tanh": lambda a: 1 - a * a,
    "relu": lambda a: a > 0,
}


def numpy_by_hand(task: Task) -> Run:
    """Forward, backward and update as a person writes them in NumPy."""
    X, T = examples(task)
    first = start(task)
    layers = range(1, len(task.layers))
    rate, size = np.dtype(task.dtype).type(task.rate), np.dtype(task.dtype).type(task.batch)

    def gradient(p: dict[str, Array], x: Array, t: Array) -> dict[str, Array]:
        outputs = [x]
        for layer, name in zip(layers, task.activations, strict=True):
            z = outputs[-1] @ p[f"W{layer}"].T + p[f"b{layer}"]
            outputs.append(_softmax(z) if name == "softmax" else ACTIVATIONS[name](z))
        delta = (outputs[-1] - t) / size
        if task.output not in ("softmax", "linear"):
            delta *= _SLOPES[task.output](outputs[-1])
        found = {}
        for layer in reversed(layers):
            found[f"W{layer}"], found[f"b{layer}"] = delta.T @ outputs[layer - 1], delta.sum(0)
            if layer > 1:
                delta = (delta @ p[f"W{layer}"]) * _SLOPES[task.hidden](outputs[layer - 1])
        return found

    def run(epochs: int) -> Parameters:
        p = {name: value.copy() for name, value in first.items()}
        m, v = ({name: np.zeros_like(value) for name, value in p.items()} for _ in range(2))
        number = 0
        for _ in range(epochs):
            for at in range(0, task.rows, task.batch):
                number += 1
                g = gradient(p, X[at : at + task.batch], T[at : at + task.batch])
                for name, slope in g.items():
                    if task.rule == "adam":
                        m[name] += (1 - BETA1) * (slope - m[name])
                        v[name] += (1 - BETA2) * (slope * slope - v[name])
                        root = np.sqrt(v[name]) / (1 - BETA2**number) ** 0.5 + EPSILON
                        p[name] -= task.rate / (1 - BETA1**number) * m[name] / root
                    elif task.rule == "momentum":
                        m[name] *= MOMENTUM
                        m[name] -= rate * slope
                        p[name] += m[name]
                    else:
                        p[name] -= rate * slope
        return p

    return run


def _softmax(z: Array) -> Array:
    powers = np.exp(z - z.max(1, keepdims=True))
    return powers / powers.sum(1, keepdims=True)


def fann(task: Task) -> Run:
    """The C library FANN, its own loop over the examples, in float32; called through ctypes."""
    from _fann import train

    return train(task)


def _has_fann() -> bool:
    from ctypes.util import find_library

    return find_library("floatfann") is not None


PEERS: dict[str, tuple[Make, Callable[[], bool]]] = {  # and whether it is installed
    "JAX scan": (jax_scan, lambda: find_spec("jax") is not None),
    "JAX scan 8": (jax_scan_8, lambda: find_spec("jax") is not None),
    "JAX step": (jax_step, lambda: find_spec("jax") is not None),
    "PyTorch": (torch_eager, lambda: find_spec("torch") is not None),
    "PyTorch fused": (torch_fused, lambda: find_spec("torch") is not None),
    "PyTorch compiled": (torch_compiled, lambda: find_spec("torch") is not None),
    "scikit-learn": (sklearn_fit, lambda: find_spec("sklearn") is not None),
    "NumPy": (numpy_by_hand, lambda: True),
    "FANN": (fann, _has_fann),
}
