"""Work in processes: in order, whatever becomes of a process, and nothing is left behind."""

import multiprocessing
import os
import signal
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from perilune.validation.workers import Lost, WorkersFailed, in_workers


@pytest.fixture(autouse=True)
def _importable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the processes find this module as this one does."""
    monkeypatch.syspath_prepend(str(Path(__file__).parents[2]))


def _act(name: str) -> str:
    match name.partition("-")[0]:
        case "die":
            os.kill(os.getpid(), signal.SIGKILL)
        case "exit":
            os._exit(7)
        case "hang":
            time.sleep(600)
    return name.upper()


def _maker() -> Callable[[str], str]:
    return _act


def _failing_maker() -> Callable[[str], str]:
    os._exit(3)


def _answers(names: list[str], seconds: float = 60.0) -> Iterator[tuple[str, str | Lost]]:
    return in_workers(partial(_maker), names, jobs=2, seconds=seconds)


def _workers() -> set[int]:
    return {child.pid or 0 for child in multiprocessing.active_children()}


def test_answers_come_in_the_order_of_the_names() -> None:
    names = [f"n{number}" for number in range(500)]

    assert list(_answers(names)) == [(name, name.upper()) for name in names]
    assert list(_answers([])) == []


def test_a_process_that_dies_costs_one_name() -> None:
    names = [f"n{number}" for number in range(60)]
    names[5], names[6], names[40] = "die-5", "die-6", "exit-40"

    answers = dict(_answers(names))

    lost = {name: answer.reason for name, answer in answers.items() if isinstance(answer, Lost)}
    assert list(answers) == names
    assert set(lost) == {"die-5", "die-6", "exit-40"}
    assert "SIGKILL" in lost["die-5"]
    assert "exit status 7" in lost["exit-40"]


def test_a_process_that_hangs_costs_one_name() -> None:
    names = ["a", "hang-1", *(f"n{number}" for number in range(40))]

    answers = dict(_answers(names, seconds=2.0))

    assert answers["hang-1"] == Lost("it took longer than 2 s")
    assert [name for name, answer in answers.items() if isinstance(answer, Lost)] == ["hang-1"]


def test_nobody_is_left_when_the_caller_stops() -> None:
    before = _workers()
    answers = _answers([f"n{number}" for number in range(5000)])
    next(answers)
    assert len(_workers() - before) == 2

    answers.close()  # type: ignore[attr-defined]

    assert _workers() - before == set()


def test_processes_that_never_start_are_told() -> None:
    with pytest.raises(WorkersFailed, match="exit status 3"):
        list(in_workers(partial(_failing_maker), ["a"], jobs=1, seconds=60))


def test_a_worker_that_has_done_much_is_replaced_and_no_answer_is_lost(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("perilune.validation.workers._NAMES_A_WORKER", 100)
    names = [f"n{number}" for number in range(1_000)]

    answers = list(in_workers(partial(_telling_maker), names, jobs=2, seconds=60.0))

    assert [name for name, _ in answers] == names
    assert 8 <= len({process for _, process in answers}) <= 12


def _telling_maker() -> Callable[[str], int]:
    return _process


def _process(_name: str) -> int:
    return os.getpid()
