"""Judging a person's working: every figure and formula, rigorously, against the graph of the problem.

`working` reads it, `verdict` judges each link, `alignment` pairs numbers with quantities, `diagnosis` names the slip.
"""
