"""Hostile and absurd inputs: a verdict for each, no crash, no hang, nothing asked of the network.

Every input goes the whole way, from the walk to the written report. ``make torture`` takes 10^5;
`PERILUNE_HOSTILE` says how many. What ends a process, takes too long or fails of itself is named
with its number, by which it comes back.
"""

import io
import os
import resource
import shutil
import socket
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from random import Random

import pytest

from perilune.validation.context import Registry
from perilune.validation.examine import Sources
from perilune.validation.options import Options, Rule
from perilune.validation.run import Means, run
from perilune.validation.schemas import Schemas
from perilune.validation.workers import Lost, in_workers
from perilune.validation.writing import document

from .conftest import IS_LONG, SEED
from .hostile import HOSTILE_SCHEMATRON, Seed, seeds, spoil
from .sealed import can_seal, seal

COUNT = int(os.environ.get("PERILUNE_HOSTILE") or (100_000 if IS_LONG else 150))
MOST_SECONDS = 5.0
"""Of processor time for one input, the first of a process left out: it compiles the schemas."""
_LOST_AFTER_S = 60.0
_MOST_MIB = 1_500
"""At the peak of a process."""
_MANY = 20
_FIRST = (
    '<?xml-model href="first.sch" schematypens="http://purl.oclc.org/dsdl/schematron"?>'
    '<Product_Document xmlns="http://pds.nasa.gov/pds4/pds/v1" '
    'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation="urn:x a.xsd"/>'
)
"""Wakes Saxon, whose runtime asks the system's name service who the user is."""
_RULES = (None, Rule.LABEL, Rule.FOLDER, Rule.COLLECTION, Rule.BUNDLE)


@dataclass(frozen=True)
class Verdict:
    """What became of one input."""

    seconds: float
    is_given: bool
    """Whether the report tells of any label, file or folder."""
    errors: int
    own_failures: tuple[str, ...]
    """Checks that failed of themselves."""
    peak_mib: int


@dataclass
class Judge:
    """Makes inputs by their numbers and has them checked."""

    sources: Sources
    seeds: list[Seed]

    def __call__(self, name: str) -> Verdict:
        folder = Path(tempfile.mkdtemp(prefix="hostile-"))
        try:
            spoil(int(name), SEED, self.seeds, folder)
            started = time.process_time()
            report = run([folder], _options(int(name)), Means(jobs=1, sources=self.sources))
            document.write(report, io.StringIO())
            seconds = time.process_time() - started
        finally:
            shutil.rmtree(folder)
        own = [each.message for each in report.messages if "the check of its" in each.message]
        errors = sum(
            count for (severity, _), count in report.summary.kinds.items() if severity == "error"
        )
        is_given = len(report.products) + len(report.general) > 0
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
        return Verdict(seconds, is_given, errors, tuple(own), peak)


def _options(number: int) -> Options:
    chance = Random(-number)
    return Options(
        rule=chance.choice(_RULES),
        counts_like_validate=chance.random() < 0.3,
        is_strict_of_fields=chance.random() < 0.3,
        wants_all_described=chance.random() < 0.3,
        every_record=chance.choice((1, 1, 1, 3)),
    )


def judge(schemas: Path, real: Path | None) -> Callable[[str], Verdict]:
    """A judge in a process of its own, which can reach no network."""
    made = Path(tempfile.mkdtemp(prefix="seeds-"))
    found = seeds(made, real)
    sources = Sources(Schemas.open(schemas), Registry())
    (made / "label.xml").write_text(_FIRST)
    (made / "first.sch").write_text(HOSTILE_SCHEMATRON.format(context="/*", test="true()"))
    assert "schematron" not in str(run([made], Options(), Means(jobs=1, sources=sources)).summary)
    shutil.rmtree(made)
    seal()
    return Judge(sources, found)


def test_a_sealed_process_is_ended_when_it_asks_for_a_connection(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.syspath_prepend(str(Path(__file__).parents[2]))
    if not can_seal():
        pytest.skip("the filter is for Linux on x86_64 and aarch64")
    answers = dict(in_workers(_caller, ["one"], jobs=1, seconds=60.0))

    lost = answers["one"]
    assert isinstance(lost, Lost)
    assert "SIGSYS" in lost.reason


def _caller() -> Callable[[str], str]:
    seal()
    return _called


def _called(_name: str) -> str:
    return str(socket.create_connection(("127.0.0.1", 9)))


@pytest.mark.torture
def test_every_hostile_input_gets_a_verdict(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    if not can_seal():
        pytest.skip("the filter is for Linux on x86_64 and aarch64")
    monkeypatch.syspath_prepend(str(Path(__file__).parents[2]))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    schemas, real = tmp_path / "schemas", None
    if os.environ.get("PERILUNE_SHARED"):
        shared = request.getfixturevalue("shared")
        Schemas.open(schemas).add(shared("data/pds4/schemas.tar.xz"))
        real = shared("data/pds4/validate-cases/resources")
    names = [str(number) for number in range(COUNT)]

    faults: list[str] = []
    slow: list[str] = []
    given = wrong = peak = 0
    made = in_workers(
        partial(judge, schemas, real), names, jobs=os.cpu_count() or 1, seconds=_LOST_AFTER_S
    )
    for name, verdict in made:
        if isinstance(verdict, Lost):
            faults.append(f"{name}: {verdict.reason}")
            if len(faults) > _MANY:
                break
            continue
        faults += [f"{name}: {each}" for each in verdict.own_failures]
        if verdict.seconds > MOST_SECONDS:
            slow.append(f"{name}: {verdict.seconds:.1f} s")
        given += verdict.is_given
        wrong += verdict.errors > 0
        peak = max(peak, verdict.peak_mib)

    assert (faults[:_MANY], slow[:_MANY]) == ([], [])
    assert peak <= _MOST_MIB
    assert given == COUNT
    assert wrong > COUNT / 2
