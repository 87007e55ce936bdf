"""Draws exercises: networks and problems by formulas, until one is fit to be set."""

from __future__ import annotations

from random import Random

from tests.exam.dags import dag
from tests.exam.exercise import Exercise, Unfit
from tests.exam.networks import network


def draw(rng: Random) -> Exercise:
    """A random exercise that a person could be given."""
    make = dag if rng.random() < 0.4 else network
    while True:
        try:
            return make(rng)
        except Unfit:
            continue
