"""Models on disk: the parameters as arrays, the formulas they belong to as text, so that loading runs nobody's code.

A `.safetensors` file holds both where that library is installed; a `.npz` file of NumPy does so anywhere.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from chainrule.errors import ChainruleError, MissingPartError, ProblemError
from chainrule.node import NAME, label_of
from chainrule.printing.expression import expression
from chainrule.quantity import spell
from chainrule.training.model import MLP, Model
from chainrule.training.sources import graph_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

HEADER: Final = "chainrule"


def save_model(model: Model, path: str | os.PathLike[str]) -> None:
    """Write a model to a `.safetensors` or `.npz` file.

    Raises ProblemError for another ending and for a file that cannot be written, MissingPartError without the library.
    """
    name, header = os.fspath(path), json.dumps(described(model), ensure_ascii=False)
    arrays = model.parameters.copy()
    try:
        if _ending(name) == ".npz":
            np.savez(name, allow_pickle=False, **arrays, **{HEADER: np.array(header)})
        else:
            _safetensors("safetensors.numpy").save_file(arrays, name, metadata={HEADER: header})
    except OSError as error:
        raise ProblemError(f"cannot write {name}: {error.strerror or error}.") from None


def load_model(path: str | os.PathLike[str]) -> Model:
    """The model that `save_model` wrote.

    Raises ProblemError for a file that is none, or one of a model that was made from a function.
    """
    name = os.fspath(path)
    try:
        header, arrays = _npz(name) if _ending(name) == ".npz" else _tensors(name)
    except FileNotFoundError:
        raise ProblemError(f"there is no file {name}.") from None
    except (OSError, ValueError, KeyError) as error:
        raise ProblemError(f"{name} is not a saved model: {error}.") from None
    model = _made(name, header, arrays)
    if arrays.keys() != set(model.parameters):
        raise ProblemError(f"{name} holds {', '.join(arrays)}, but its model learns {', '.join(model.parameters)}.")
    model.parameters = arrays
    return model


def described(model: Model) -> dict[str, Any]:
    """What a model is, as plain values."""
    common = {"kind": "formulas", "dtype": model.dtype, "minimise": spell(model.minimise)}
    if isinstance(model, MLP):
        return {**common, "kind": "layers", **model.described}
    inputs = {spell(label_of(one)): one.type.shape for one in model.inputs}
    targets = {spell(label_of(one)): one.type.shape for one in model.targets}
    text = formulas(model, {**inputs, **targets})
    if text is None:
        return {**common, "kind": "parameters"}
    outputs = [spell(label) for label in model.outputs]
    shapes = {"inputs": inputs, "targets": targets}
    return {**common, "formulas": text, **shapes, "outputs": outputs, "biases": sorted(model.biases)}


def formulas(model: Model, shapes: Mapping[str, Any]) -> str | None:
    """The model's graph as formulas; None if they would be read as another graph, as some of functions are."""
    named = [one for one in model.graph.nodes() if one.op is NAME]
    text = "\n".join(f"{spell(label_of(one))} = {expression(one.args[0])}" for one in named)
    learned = {name: value.shape for name, value in model.parameters.items()}
    try:
        read = graph_of(text, {**shapes, **learned})
    except ChainruleError:
        return None
    known = model.graph.quantities()
    return text if read.outputs.get(model.minimise) is known[model.minimise] else None


def _made(name: str, header: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> Model:
    given = dict(header)
    kind, minimise = given.pop("kind", None), given.pop("minimise", None)
    if kind == "layers":
        return MLP(given.pop("layers"), **given)
    if kind == "formulas":
        given |= {role: {key: tuple(shape) for key, shape in given[role].items()} for role in ("inputs", "targets")}
        return Model(given.pop("formulas"), parameters=arrays, minimise=minimise, **given)
    raise ProblemError(
        f"{name} holds parameters only: its model was made from a function or a graph.",
        hint="Make the model again, and assign load_parameters(...).",
    )


def load_parameters(path: str | os.PathLike[str]) -> dict[str, NDArray[Any]]:
    """The arrays of a file that `save_model` wrote, whatever its model was made from."""
    name = os.fspath(path)
    try:
        return (_npz(name) if _ending(name) == ".npz" else _tensors(name))[1]
    except (OSError, ValueError, KeyError) as error:
        raise ProblemError(f"{name} is not a saved model: {error}.") from None


def _npz(name: str) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    import zipfile

    try:
        with np.load(name, allow_pickle=False) as held:
            arrays = {key: held[key] for key in held.files}
    except zipfile.BadZipFile:
        raise ValueError("it is no .npz file") from None
    return json.loads(str(arrays.pop(HEADER))), arrays


def _tensors(name: str) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    with _safetensors("safetensors").safe_open(name, framework="numpy") as held:
        header = held.metadata()[HEADER]
        return json.loads(header), {key: held.get_tensor(key) for key in held.keys()}  # noqa: SIM118 - not a dict


def _safetensors(module: str) -> Any:
    try:
        return import_module(module)
    except ImportError:
        hint = "Install it: pip install 'chainrule[train]'. Or save as .npz."
        raise MissingPartError("files that end in .safetensors need safetensors.", hint=hint) from None


def _ending(name: str) -> str:
    ending = os.path.splitext(name)[1].casefold()
    if ending not in (".npz", ".safetensors"):
        raise ProblemError(f"models are saved in files that end in .safetensors or .npz, found {name!r}.")
    return ending
