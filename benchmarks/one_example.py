"""What a trained network predicts for one example, called from Python: 64-32-10, sigmoid, float32, beside onnxruntime.

`cr.compile(net)` gives the quick function; `net.predict` checks what it is given and looks at the weights each time.
All must agree, which is checked first. A peer that is not installed is left out.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from importlib.util import find_spec
from statistics import median
from typing import Any

import numpy as np
from _measure import machine, verdict

import chainrule as cr

LAYERS = (64, 32, 10)
TURNS = 15
SECONDS = 0.02  # of one turn of one contender
FASTER = 6.0  # than onnxruntime
Call = Callable[[], Any]


def onnxruntime(net: cr.MLP, x: np.ndarray) -> Call:
    import onnx
    import onnxruntime as ort
    from onnx import TensorProto, helper, numpy_helper

    nodes, weights, name = [], [], "x"
    for layer in (1, 2):
        for letter in "Wb":
            value = net.parameters[f"{letter}{layer}"]
            weights.append(numpy_helper.from_array(np.ascontiguousarray(value.T), f"{letter}{layer}"))
        nodes.append(helper.make_node("Gemm", [name, f"W{layer}", f"b{layer}"], [f"z{layer}"]))
        nodes.append(helper.make_node("Sigmoid", [f"z{layer}"], [f"a{layer}"]))
        name = f"a{layer}"
    shapes = (("x", LAYERS[0]), (name, LAYERS[-1]))
    ends = [helper.make_tensor_value_info(one, TensorProto.FLOAT, [1, size]) for one, size in shapes]
    model = helper.make_model(
        helper.make_graph(nodes, "net", ends[:1], ends[1:], weights), opset_imports=[helper.make_opsetid("", 17)]
    )
    model.ir_version = 9
    onnx.checker.check_model(model)
    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = ort.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    run, outputs, given = session.run, [name], {"x": x[None]}
    return lambda: run(outputs, given)[0][0]


def numpy_by_hand(net: cr.MLP, x: np.ndarray) -> Call:
    w1, b1, w2, b2 = (net.parameters[name] for name in ("W1", "b1", "W2", "b2"))
    return lambda: 1 / (1 + np.exp(-(w2 @ (1 / (1 + np.exp(-(w1 @ x + b1)))) + b2)))


def microseconds(call: Call, times: int) -> float:
    began = time.process_time()
    for _ in range(times):
        call()
    return (time.process_time() - began) / times * 1e6


def main() -> None:
    print(machine())
    net = cr.MLP(LAYERS, dtype="float32", seed=0)
    x = np.random.default_rng(0).uniform(-1, 1, LAYERS[0]).astype(np.float32)
    rows, quick = x[None].copy(), cr.compile(net)
    calls: dict[str, Call] = {
        "cr.compile(net)": lambda: quick(x),
        "net.predict": lambda: net.predict(rows)[0],
        "NumPy by hand": numpy_by_hand(net, x),
    }
    if find_spec("onnxruntime") and find_spec("onnx"):
        calls["onnxruntime"] = onnxruntime(net, x)
    else:
        print("onnxruntime or onnx is not installed: no peer")
    due = calls["net.predict"]()
    for name, call in calls.items():
        assert np.allclose(call(), due, atol=1e-6), name
    times = {name: max(1, int(SECONDS * 1e6 / microseconds(call, 20))) for name, call in calls.items()}
    found: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(TURNS):
        for name, call in calls.items():
            found[name].append(microseconds(call, times[name]))
    print(f"microseconds a call, medians of {TURNS} turns, the smallest and the largest; processor time\n")
    for name, one in found.items():
        print(f"{name:16}{median(one):10.3f}{min(one):10.3f}{max(one):10.3f}")
    if "onnxruntime" in found:
        value = median(found["cr.compile(net)"]) / median(found["onnxruntime"])
        verdict({"one example: time of chainrule over onnxruntime": (value, 1 / FASTER)})


if __name__ == "__main__":
    main()
