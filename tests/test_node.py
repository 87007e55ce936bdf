"""Nodes are interned: equal ones are one object, as long as anybody has it."""

from __future__ import annotations

import gc

from chainrule import node
from chainrule.node import input_node
from chainrule.ops.arithmetic import ADD
from chainrule.quantity import Name, Updated


def test_equal_nodes_are_one_object() -> None:
    x, y = input_node(Name("x")), input_node(Updated(Name("y")))
    assert ADD(x, y) is ADD(x, y) is not ADD(y, x)
    assert input_node(Updated(Name("y"))) is y


def test_what_nobody_has_is_forgotten() -> None:
    x = input_node(Name("nobody has it"))
    (key,) = [key for key, one in node._interned.items() if one() is x]
    del x
    gc.collect()
    assert key not in node._interned


def test_nodes_that_are_left_when_python_ends_need_nothing_any_more() -> None:
    """Classes can lose what their labels are hashed by before the last node goes."""
    x = input_node(Name("left"))
    (entry,) = [one for one in node._interned.values() if one() is x]
    entry.key = ([],)  # type: ignore[assignment]  # as unhashable as such a label
    node._forget(entry, ending=lambda: True)
    entry.key = next(key for key, one in node._interned.items() if one is entry)
