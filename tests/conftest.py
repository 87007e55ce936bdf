"""What all tests share: how hard hypothesis tries, and golden files, compared byte by byte."""

from __future__ import annotations

import os
from collections.abc import Callable
from difflib import unified_diff
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

collect_ignore_glob = ["data/*.py"]  # scripts that make test data need more than the tests do
GOLDEN = Path(__file__).parent / "golden"

# No deadline: machines are shared, and a slow example is not a wrong one.
_SLOW = [HealthCheck.too_slow]
settings.register_profile("dev", max_examples=50, deadline=None, suppress_health_check=_SLOW)
settings.register_profile(
    "ci", max_examples=200, deadline=None, suppress_health_check=_SLOW, derandomize=True, print_blob=True
)
settings.register_profile("intense", max_examples=5000, deadline=None, suppress_health_check=_SLOW)
settings.load_profile(os.environ.get("CHAINRULE_HYPOTHESIS", "dev"))


@pytest.fixture(scope="session", autouse=True)
def _kernels_of_the_tests(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Kernels that the tests compile are kept in a folder of their own."""
    os.environ["CHAINRULE_CACHE"] = str(tmp_path_factory.mktemp("kernels"))


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-golden", action="store_true", help="rewrite the files in tests/golden instead of comparing"
    )


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """`golden(name, text)` demands that tests/golden/<name> holds exactly this text."""
    update = bool(request.config.getoption("--update-golden"))

    def compare(name: str, text: str) -> None:
        file, found = GOLDEN / name, text.encode()
        if update:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(found)
        elif not file.exists():
            pytest.fail(f"tests/golden/{name} does not exist; create it with pytest --update-golden")
        elif file.read_bytes() != found:
            pytest.fail(_difference(name, file.read_bytes().decode(errors="replace"), text))

    return compare


def _difference(name: str, expected: str, found: str) -> str:
    lines = unified_diff(
        expected.splitlines(keepends=True), found.splitlines(keepends=True), f"tests/golden/{name}", "now"
    )
    shown = "\n".join(repr(line)[1:-1] for line in lines)
    return f"not as in tests/golden/{name}; if the change is meant, pytest --update-golden\n{shown}"
