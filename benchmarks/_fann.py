"""FANN, the C library, as a peer: Debian's libfann2 through ctypes, with its own loop over the examples.

Its weights can be set one by one only, at a cost that grows with their square, so they are written where its header
`fann_data.h` says they lie.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from ctypes.util import find_library
from itertools import pairwise

import numpy as np
from _tasks import Parameters, Task, examples, start

SIGMOID, INCREMENTAL, LINEAR_ERROR = 3, 0, 0
STEEPNESS = 0.5  # 1/(1 + e^(-2 s x)) is then the usual one


class Network(ctypes.Structure):
    """The beginning of `struct fann`, up to the weights: neuron by neuron, the bias last."""

    _fields_ = (
        ("error_number", ctypes.c_int), ("error_log", ctypes.c_void_p), ("error_text", ctypes.c_char_p),
        ("rate", ctypes.c_float), ("momentum", ctypes.c_float), ("connection_rate", ctypes.c_float),
        ("kind", ctypes.c_int), ("first_layer", ctypes.c_void_p), ("last_layer", ctypes.c_void_p),
        ("neurons", ctypes.c_uint), ("inputs", ctypes.c_uint), ("outputs", ctypes.c_uint),
        ("weights", ctypes.POINTER(ctypes.c_float)),
    )  # fmt: skip


class Data(ctypes.Structure):
    """`struct fann_train_data`."""

    _fields_ = (
        ("error_number", ctypes.c_int), ("error_log", ctypes.c_void_p), ("error_text", ctypes.c_char_p),
        ("count", ctypes.c_uint), ("inputs", ctypes.c_uint), ("outputs", ctypes.c_uint),
        ("input", ctypes.POINTER(ctypes.POINTER(ctypes.c_float))),
        ("output", ctypes.POINTER(ctypes.POINTER(ctypes.c_float))),
    )  # fmt: skip


def train(task: Task) -> Callable[[int], Parameters]:
    """Incremental training of sigmoid units on half the squared error, as `fann_train_epoch` does it."""
    name = find_library("floatfann")
    assert name, "libfann2 is not installed"
    library = ctypes.CDLL(name)
    library.fann_create_standard_array.restype = ctypes.POINTER(Network)
    library.fann_create_train.restype = ctypes.POINTER(Data)
    sizes = (ctypes.c_uint * len(task.layers))(*task.layers)
    network = library.fann_create_standard_array(len(sizes), sizes)
    for part in ("hidden", "output"):
        getattr(library, f"fann_set_activation_function_{part}")(network, SIGMOID)
        getattr(library, f"fann_set_activation_steepness_{part}")(network, ctypes.c_float(STEEPNESS))
    library.fann_set_training_algorithm(network, INCREMENTAL)
    library.fann_set_train_error_function(network, LINEAR_ERROR)
    library.fann_set_learning_rate(network, ctypes.c_float(task.rate))
    library.fann_set_learning_momentum(network, ctypes.c_float(0.0))
    data = library.fann_create_train(task.rows, task.layers[0], task.layers[-1])
    for rows, columns in zip((data.contents.input, data.contents.output), examples(task), strict=True):
        for k, row in enumerate(columns):
            ctypes.memmove(rows[k], row.ctypes.data, row.nbytes)
    first = start(task)
    pairs = list(pairwise(task.layers))
    blocks = [np.column_stack([first[f"W{k}"], first[f"b{k}"]]) for k in range(1, len(task.layers))]
    begin = np.concatenate([block.ravel() for block in blocks])
    weights = np.ctypeslib.as_array(network.contents.weights, begin.shape)
    library.fann_get_total_connections.restype = ctypes.c_uint
    assert library.fann_get_total_connections(network) == len(begin), "this libfann lays out its weights otherwise"

    def run(epochs: int) -> Parameters:
        weights[:] = begin
        for _ in range(epochs):
            library.fann_train_epoch(network, data)
        found, at = {}, 0
        for layer, (inputs, units) in enumerate(pairs, 1):
            block = weights[at : at + units * (inputs + 1)].reshape(units, inputs + 1)
            found[f"W{layer}"], found[f"b{layer}"] = block[:, :-1].copy(), block[:, -1].copy()
            at += block.size
        return found

    return run
