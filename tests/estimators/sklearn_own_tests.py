"""Run scikit-learn's own tests of its MLP on our two classes: its installed file, read anew, with one import replaced.

Nothing of that file is kept here. Usage: python tests/estimators/sklearn_own_tests.py [options of pytest]
"""

from __future__ import annotations

import re
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import sklearn.neural_network

IMPORT = "from sklearn.neural_network import MLPClassifier, MLPRegressor"
OURS = "from chainrule.estimators import MLPClassifier, MLPRegressor"
PRIVATE = re.compile(r"has no attribute '(_\w+)'")


class Listing:
    """Collects how each test ended, and the private attribute that a failure names."""

    def __init__(self) -> None:
        self.outcomes: dict[str, tuple[str, str]] = {}

    def pytest_runtest_logreport(self, report: Any) -> None:
        if report.when == "call" or report.outcome != "passed":
            found = PRIVATE.search(report.longreprtext)
            reason = found[1] if found else report.longreprtext.strip().splitlines()[-1] if report.failed else ""
            self.outcomes[report.nodeid.split("::")[-1]] = report.outcome, reason


def main(options: list[str]) -> int:
    """The number of tests that fail for another reason than a private attribute."""
    source = Path(sklearn.neural_network.__file__).parent / "tests" / "test_mlp.py"
    text = source.read_text(encoding="utf-8")
    if text.count(IMPORT) != 1:
        print(f"{source} does not import the two classes as expected")
        return 1
    text = text.replace(IMPORT, OURS).replace("global_random_seed", "seed_of_run")
    fixture = "\n\n@pytest.fixture\ndef seed_of_run():\n    return 42\n"
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "test_mlp.py"
        file.write_text(text + fixture, encoding="utf-8")
        listing = Listing()
        pytest.main(["-q", "-p", "no:cacheprovider", "--tb=short", "-c", "/dev/null", str(file), *options], [listing])
    for name, (outcome, reason) in listing.outcomes.items():
        print(f"{outcome:8} {name}{'  ' + reason if reason else ''}")
    print(dict(Counter(outcome for outcome, _ in listing.outcomes.values())))
    return sum(outcome == "failed" and not reason.startswith("_") for outcome, reason in listing.outcomes.values())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
