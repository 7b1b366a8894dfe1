"""Terrain and light of sites for the portal: worked out in one other process, one at a time.

Whoever asks gets what is ready, or learns that it is being worked out and since when. Answers are
kept by what they were made from: place, years, and the version of the model; some dozens of them.
A visitor can so keep one core busy, never the server.
"""

import multiprocessing
import tempfile
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path

from perilune.access.policy import Asker
from perilune.errors import PeriluneError
from perilune.mission.dossier.document import Object, ground_document
from perilune.mission.dossier.dossier import Wanted, compile_dossier, held_model
from perilune.mission.dossier.figures import figures
from perilune.mission.dossier.place import Place
from perilune.mission.dossier.profile import built_in
from perilune.mission.dossier.scene import Scene
from perilune.node import Node

_KEPT = 48
_MOST_WAITING = 8
_LONGEST_S = 900.0


@dataclass(frozen=True, slots=True)
class Errand:
    """What is to be worked out: a place, with a model that the node holds."""

    root: Path
    place: Place
    lidvid: str
    asker: Asker


@dataclass(frozen=True, slots=True)
class Survey:
    """What a model says of a site: figures, and drawings of them."""

    told: Object
    drawings: tuple[Scene, ...]


@dataclass(frozen=True, slots=True)
class Underway:
    """It is being worked out, or waits its turn."""

    waited_s: float


@dataclass(frozen=True, slots=True)
class Failed:
    """It could not be worked out, in words."""

    reason: str


Answer = Survey | Underway | Failed
Work = Callable[[Errand], Survey]


def work_out(errand: Errand) -> Survey:
    """The survey of a place; what the other process does."""
    node = Node.open(errand.root)
    try:
        with tempfile.TemporaryDirectory(prefix="perilune-model-") as folder:
            model = held_model(errand.lidvid, node, errand.asker, Path(folder))
            wanted = Wanted(place=errand.place, model=model, profiles=built_in())
            dossier = compile_dossier(wanted, None, errand.asker)
            drawn = figures(dossier)
    finally:
        node.close()
    months = [] if drawn.months is None else [drawn.months]
    return Survey(ground_document(dossier), (*drawn.maps[1:], *months))


@dataclass(slots=True)
class Desk:
    """Takes errands and keeps what came of them. May be asked by several threads at once."""

    work: Work = work_out
    _kept: OrderedDict[Errand, Survey | Failed] = field(default_factory=OrderedDict)
    _waiting: OrderedDict[Errand, float] = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _hand: threading.Thread | None = None

    def ask(self, errand: Errand) -> Answer:
        """What came of the errand; it is begun where nobody asked before."""
        with self._lock:
            if (found := self._kept.get(errand)) is not None:
                self._kept.move_to_end(errand)
                return found
            if errand not in self._waiting:
                if len(self._waiting) >= _MOST_WAITING:
                    return Failed("too many sites are being worked out; ask again in a minute")
                self._waiting[errand] = time.monotonic()
            if self._hand is None:
                self._hand = threading.Thread(target=self._serve, name="dossiers", daemon=True)
                self._hand.start()
            return Underway(time.monotonic() - self._waiting[errand])

    def _serve(self) -> None:
        """Work off what waits, then end."""
        while True:
            with self._lock:
                if not self._waiting:
                    self._hand = None
                    return
                errand = next(iter(self._waiting))
            answer = self._sent(errand)
            with self._lock:
                del self._waiting[errand]
                self._kept[errand] = answer
                while len(self._kept) > _KEPT:
                    self._kept.popitem(last=False)

    def _sent(self, errand: Errand) -> Survey | Failed:
        """Have it done by a process that ends with ours."""
        context = multiprocessing.get_context("spawn")
        here, there = context.Pipe(duplex=False)
        process = context.Process(target=_run, args=(self.work, errand, there), daemon=True)
        process.start()
        there.close()
        try:
            if not here.poll(_LONGEST_S):
                return Failed(f"it took longer than {_LONGEST_S:.0f} s")
            answer = here.recv()
        except EOFError:
            return Failed("the process that worked it out ended before it was done")
        finally:
            process.kill()
            process.join()
            here.close()
        assert isinstance(answer, (Survey, Failed))
        return answer


def _run(work: Work, errand: Errand, there: Connection) -> None:
    try:
        answer: Survey | Failed = work(errand)
    except PeriluneError as error:
        answer = Failed(str(error))
    there.send(answer)
