"""Explain a problem from Python: print the worked solution, and read single values from it."""

from pathlib import Path

import chainrule as cr

problem = cr.load(Path(__file__).with_name("regression.toml"))
solution = problem.explain()

print(solution)  # as in the terminal

# The same as data: one step per quantity, in the order of the page.
for step in solution.steps:
    if step.stage == "backward":
        print(f"{step.left} is {step.value}")

# Values of quantities by their names, and of those one asks for.
values = solution.to_dict(of=["E@200", "d(dE/dslope)/doffset"])["values"]
print("slope after one update:", values["slope'"])
print("error after 200 updates:", values["E@200"])
print("second derivative by slope and offset:", values["d(dE/dslope)/doffset"])
assert values["d(dE/dslope)/doffset"] == 1 + 2 + 3
