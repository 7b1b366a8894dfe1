"""What every test gets: shared data by name, loopback sockets, counts of what was left out."""

import os
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

_CHECKOUT = Path(__file__).resolve().parent.parent
_SLOW = [HealthCheck.too_slow]

settings.register_profile("fast", max_examples=50, deadline=None, suppress_health_check=_SLOW)
settings.register_profile("ci", max_examples=200, deadline=None, suppress_health_check=_SLOW)
settings.register_profile("long", max_examples=5000, deadline=None, suppress_health_check=_SLOW)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "fast"))


def _shared_root() -> Path | None:
    named = os.environ.get("PERILUNE_SHARED")
    root = Path(named) if named else _CHECKOUT.parent / "shared"
    return root if root.is_dir() else None


@pytest.fixture(scope="session")
def shared() -> Callable[[str], Path]:
    """Find a path of the shared test data; skip the test where they are absent."""
    root = _shared_root()

    def find(relative: str) -> Path:
        if root is None:
            pytest.skip("needs the shared test data: set PERILUNE_SHARED")
        found = root / relative
        if not found.exists():
            pytest.skip(f"needs {relative} of the shared test data: set PERILUNE_SHARED")
        return found

    return find


@pytest.fixture(scope="session", autouse=True)
def high_water(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """High-water marks lie in a folder of the tests, not in the user's own."""
    folder = tmp_path_factory.mktemp("high-water")
    os.environ["PERILUNE_STATE"] = str(folder)
    return folder


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Let no test connect beyond this machine: pytest-socket reads these options next."""
    config.option.allow_hosts = "127.0.0.1,::1"
    config.option.allow_unix_socket = True


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how many tests were skipped, and why."""
    reasons: Counter[str] = Counter()
    for report in terminalreporter.stats.get("skipped", []):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        reasons[str(reason).removeprefix("Skipped: ")] += 1
    if not reasons:
        terminalreporter.write_line("no test was skipped")
        return
    terminalreporter.section(f"skipped: {reasons.total()}")
    for reason, count in reasons.most_common():
        terminalreporter.write_line(f"{count:5d}  {reason}")
