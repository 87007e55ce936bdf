"""Checking lecture notes: the equalities of numbers and formulas printed in Markdown and LaTeX, without a problem file.

`finding` -> `latex` -> `statements` -> `reading` -> `document` reads a page; `judging` and `memory` judge its numbers.
"""
