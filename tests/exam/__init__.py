"""A synthetic exam for `chainrule check`: random problems, worked by somebody careful, then with a slip planted.

Nothing here reads the checker, and the checker reads nothing here: they meet in the text of a problem file and in the
JSON of its report. `python -m tests.exam --size 1.0 --seed 0` sits the whole exam and prints a table.
"""
