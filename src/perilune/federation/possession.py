"""Possession: that a node has the bytes that it says it has, proved at the moment it is asked.

The one who has the same bytes sends a nonce that was never used and names pieces of files; the
other answers SHA-256(nonce ‖ piece) for each, which nobody can who has not the piece there and
then. A receipt says what was taken over once; this says that it is there now, and so comes before
anything here relies on the other's copy alone. LOCKSS proves possession so between peers
(Maniatis et al., 2003).
"""

import hashlib
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

import orjson

from perilune.access import read
from perilune.access.policy import Asker
from perilune.access.search import find
from perilune.errors import (
    BadQuestion,
    Damaged,
    MalformedIdentifier,
    NotFound,
    PeerUnreachable,
    PeriluneError,
    WrongUsage,
)
from perilune.federation.custody import decode_exceptions
from perilune.federation.folder import EXCEPTED, Peers
from perilune.federation.link import Link
from perilune.federation.roster import Member
from perilune.federation.status import status_of
from perilune.ingest.projection import Progress, silent
from perilune.model import act
from perilune.model.act import PublishAct
from perilune.model.identifier import Lidvid
from perilune.model.package import FileEntry
from perilune.model.product import Holding
from perilune.node import Node

PATH = "/federation/possession"
MOST_QUESTION_BYTES = 1 << 18
_MOST_PIECES = 256
_MOST_BYTES = 64 << 20
"""Of all pieces of one question."""
_PIECE = 1 << 20
_NONCE_BYTES = 32
_BLOCK = 1 << 20


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of one file of a product."""

    lidvid: Lidvid
    path: str
    start: int
    size: int


@dataclass(frozen=True, slots=True)
class Choice:
    """Which products are asked for, at random by ``seed``."""

    count: int | None
    """How many; None: such a share of all."""
    share: float
    seed: int


@dataclass(slots=True)
class Possession:
    """What came of a challenge."""

    peer: str
    seed: int
    products: int = 0
    pieces: int = 0
    bytes: int = 0
    missing: dict[str, str] = field(default_factory=dict)
    """Products that the peer did not prove to have, and why, in words."""

    @property
    def is_proved(self) -> bool:
        """Whether all that was asked for is there."""
        return not self.missing


def answer(question: bytes, node: Node, asker: Asker) -> list[str | None]:
    """What this node answers; None for a piece that it has not, or ``asker`` may not know of.

    Raises `BadQuestion` for what is no question, or asks for too much at once.
    """
    nonce, pieces = _read_question(question)
    return [_digest(nonce, piece, node, asker) for piece in pieces]


def challenge(
    peer: Member,
    node: Node,
    choice: Choice,
    progress: Progress = silent,
) -> Possession:
    """Have ``peer`` prove what its custody receipt says that it holds of ours.

    Of each file of the products of ``choice`` one piece of at most 1 MiB. Raises `WrongUsage`
    where it has given no receipt, `PeerUnreachable` on silence.
    """
    random = Random(choice.seed)  # noqa: S311  # which pieces is no secret, the nonce is
    covered = _covered(peer, node)
    wanted = choice.count or max(1, round(choice.share * len(covered)))
    chosen = sorted(random.sample(covered, min(wanted, len(covered))))
    result = Possession(peer.who.name, choice.seed, products=len(chosen))
    pieces = (
        _piece(entry, holding, random)
        for index in chosen
        for holding in _holding(index, node)
        for entry in holding.manifest.files
    )
    for run in _runs(pieces):
        progress("asking for proof", result.pieces, 0)
        _ask(run, peer, node, result)
    return result


def require_possession(holding: Holding, peer: Member, node: Node) -> None:
    """Raise `NotFound` unless ``peer`` proves that it has every byte of ``holding`` now.

    Before anything is deleted here because it is there too.
    """
    result = Possession(peer.who.name, seed=0, products=1)
    lidvid = holding.product.id
    pieces = (
        Piece(lidvid, entry.path, start, min(_PIECE, entry.size - start))
        for entry in holding.manifest.files
        for start in range(0, entry.size, _PIECE)
    )
    for run in _runs(pieces):
        _ask(run, peer, node, result)
    if not result.is_proved:
        raise NotFound(f"{peer.who.name} does not prove to have {lidvid}: {result.missing}")


def _covered(peer: Member, node: Node) -> list[int]:
    """Entries of our log whose products the peer's receipt says it holds."""
    receipt = status_of(peer, node).there
    if receipt is None:
        raise WrongUsage(f"{peer.who.name} has given no custody receipt yet: sync with it first")
    listed = Peers.of(node).folder(peer.who.origin).note(EXCEPTED)
    excepted = {each.index for each in decode_exceptions(listed)[0]} if listed else set()
    return [
        index
        for index, entry in enumerate(node.log.entries(0, receipt.log.size))
        if index not in excepted and isinstance(act.decode(entry), PublishAct)
    ]


def _holding(index: int, node: Node) -> Iterator[Holding]:
    """The holding of an entry, unless it was withdrawn since."""
    found = act.decode(node.log.entry(index))
    assert isinstance(found, PublishAct)
    try:
        yield node.catalogue.get(found.lidvid, "public")
    except NotFound:
        return


def _piece(entry: FileEntry, holding: Holding, random: Random) -> Piece:
    size = min(entry.size, _PIECE)
    return Piece(holding.product.id, entry.path, random.randrange(entry.size - size + 1), size)


def _runs(pieces: Iterator[Piece]) -> Iterator[list[Piece]]:
    run: list[Piece] = []
    for piece in pieces:
        if len(run) == _MOST_PIECES or sum(each.size for each in run) + piece.size > _MOST_BYTES:
            yield run
            run = []
        run.append(piece)
    if run:
        yield run


def _ask(pieces: Sequence[Piece], peer: Member, node: Node, result: Possession) -> None:
    nonce = secrets.token_bytes(_NONCE_BYTES)
    told = [
        {"lidvid": str(each.lidvid), "path": each.path, "start": each.start, "size": each.size}
        for each in pieces
    ]
    question = orjson.dumps({"nonce": nonce.hex(), "pieces": told})
    status, reply = Link(peer.url).post(PATH, question, _MOST_PIECES * 100)
    if status != 200:
        raise PeerUnreachable(f"{peer.who.name} answers {status} to a challenge")
    answers = _read_answers(reply, len(pieces), peer)
    for piece, found in zip(pieces, answers, strict=True):
        result.pieces += 1
        result.bytes += piece.size
        if (words := _judged(piece, found, nonce, node)) != "":
            result.missing[str(piece.lidvid)] = f"{piece.path}: {words}"


def _judged(piece: Piece, found: str | None, nonce: bytes, node: Node) -> str:
    """What is wrong with an answer, in words; empty where it is right."""
    if found is None:
        return "it says that it has it not"
    entry = _entry(piece, node.catalogue.get(piece.lidvid, "kept"))
    digest = hashlib.sha256(nonce)
    for data in read.chunks(entry, node, piece.start, piece.start + piece.size):
        digest.update(data)
    if digest.hexdigest() != found:
        return "its answer is not that of the bytes that we hold"
    return ""


def _read_answers(reply: bytes, count: int, peer: Member) -> list[str | None]:
    try:
        answers = orjson.loads(reply)["answers"]
    except (orjson.JSONDecodeError, KeyError, TypeError) as error:
        raise PeerUnreachable(f"{peer.who.name} gives no answer to a challenge") from error
    if not isinstance(answers, list) or len(answers) != count:
        raise PeerUnreachable(f"{peer.who.name} does not answer each of {count} pieces")
    return [each if isinstance(each, str) else None for each in answers]


def _read_question(question: bytes) -> tuple[bytes, list[Piece]]:
    try:
        found = orjson.loads(question)
        nonce = bytes.fromhex(found["nonce"])
        pieces = [_read_piece(each) for each in found["pieces"]]
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError, PeriluneError) as error:
        raise BadQuestion(f"not a challenge: {error}") from error
    if len(nonce) != _NONCE_BYTES:
        raise BadQuestion(f"a nonce has {_NONCE_BYTES} bytes, not {len(nonce)}")
    if len(pieces) > _MOST_PIECES or sum(each.size for each in pieces) > _MOST_BYTES:
        raise BadQuestion(f"at most {_MOST_PIECES} pieces of {_MOST_BYTES >> 20} MiB together")
    return nonce, pieces


def _read_piece(found: Any) -> Piece:
    start, size, path = found["start"], found["size"], found["path"]
    if not all(type(each) is int and each >= 0 for each in (start, size)) or size > _PIECE:
        raise ValueError(f"not a piece: {start!r}, {size!r}")
    if not isinstance(path, str):
        raise TypeError(f"not a path: {path!r}")
    return Piece(Lidvid.parse(found["lidvid"]), path, start, size)


def _digest(nonce: bytes, piece: Piece, node: Node, asker: Asker) -> str | None:
    try:
        entry = _entry(piece, find(str(piece.lidvid), node, asker))
        digest, left = hashlib.sha256(nonce), piece.size
        with node.store.open(entry.sha256) as data:
            data.seek(piece.start)
            while left and (block := data.read(min(left, _BLOCK))):
                digest.update(block)
                left -= len(block)
    except (NotFound, Damaged, MalformedIdentifier, OSError):
        return None
    return None if left else digest.hexdigest()


def _entry(piece: Piece, holding: Holding) -> FileEntry:
    for entry in holding.manifest.files:
        if entry.path == piece.path:
            return entry
    raise NotFound(f"{piece.lidvid} has no file {piece.path!r}")
