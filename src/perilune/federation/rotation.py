"""Rotation: a key is replaced, and whoever knew the old one can tell that it was its owner's doing.

Order of effects, each durable before the next, and each of which a kill may follow:

1. the new key lies beside the old one, as ``<use>.next.pem``;
2. the next version of the roster names it, signed by the thresholds of both versions (TUF's rule);
3. a `key` act in the log names it; where it is the log's, the head that covers this act is signed
   by both keys;
4. it takes the old one's place.

Until 2 nothing happened: the new key is thrown away. From there `finish` goes on with what is left,
and whoever opens the node next does so first. What old keys signed is verified by the rosters.
"""

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from perilune.durable import settle_one, whole
from perilune.errors import ProofFails, WrongUsage
from perilune.federation.description import Description
from perilune.federation.folder import Peers
from perilune.ingest.projection import catch_up
from perilune.ledger.note import Signer, open_note
from perilune.ledger.policy import policy_text
from perilune.model import act
from perilune.model.act import KeyAct
from perilune.node import ALL_USES, NEXT_KEY, SECOND, Node

_LOOK_BACK = 256
"""Entries at the end of the log among which a rotation that was killed looks for its act."""


def rotate(use: str, node: Node, others: Sequence[Path] = ()) -> None:
    """Replace the key for ``use``; the node has to be opened again.

    ``others`` are files with further keys of the roster role, where its threshold asks for them.
    Raises `WrongUsage` for an unknown use or where they do not suffice; nothing has changed then.
    """
    if use not in ALL_USES:
        raise WrongUsage(f"no key is for {use!r}; there are: {', '.join(ALL_USES)}")
    node.signer(use)
    _change([use], node, others)


def make_missing(node: Node) -> list[str]:
    """Make the keys that a node of an older version lacks; their uses. Open it again then."""
    missing = [use for use in ALL_USES if use not in node.signers]
    if missing:
        _change(missing, node, ())
    return missing


def finish(node: Node) -> None:
    """Go on with rotations that were broken off, or undo them; the node has to be opened again."""
    assert node.root is not None
    waiting = {
        path.name.removesuffix(NEXT_KEY): path
        for path in sorted((node.root / "keys").glob(f"*{NEXT_KEY}"))
    }
    new = {use: node.read_key(use, path) for use, path in waiting.items()}
    roster = Peers.of(node).newest()
    named = roster.of(node.config.origin).keys if roster is not None else {}
    for use, path in waiting.items():
        if use not in named or named[use].public != new[use].verifier.public:
            path.unlink()  # the roster never named it
            del new[use]
    if not new:
        return
    with node.writing():
        catch_up(node)
        if not _is_told(new, node):
            beside = [signer for use, signer in new.items() if use.removesuffix(SECOND) == "log"]
            node.log.append([act.encode(_key_act(new, node))], beside=beside)
            catch_up(node)
        for use in new:
            waiting[use].replace(node.root / "keys" / f"{use}.pem")
        settle_one(node.root / "keys")
    if "log" in new:
        with whole(node.root / "policy") as file:
            file.write(policy_text(new["log"].vkey).encode())


def _change(uses: Iterable[str], node: Node, others: Sequence[Path]) -> None:
    if node.root is None:
        raise WrongUsage(f"{node.config.name} keeps nothing on disk")
    node.require_armed()
    if node.has_next_keys:
        raise WrongUsage("a rotation was broken off; run the command again")
    keys = node.root / "keys"
    new = {use: node.new_key(use) for use in uses}
    for use, signer in new.items():
        with whole(keys / f"{use}{NEXT_KEY}") as file:
            os.fchmod(file.fileno(), 0o600)
            file.write(signer.pem())
    try:
        Peers.of(node).rename_self(Description.of(node, new), new.get("roster"), others)
    except BaseException:
        if _is_unnamed(new, node):
            for use in new:
                (keys / f"{use}{NEXT_KEY}").unlink(missing_ok=True)
        raise
    finish(node)


def _is_unnamed(new: Mapping[str, Signer], node: Node) -> bool:
    roster = Peers.of(node).newest()
    return roster is None or all(
        roster.of(node.config.origin).keys[use].public != signer.verifier.public
        for use, signer in new.items()
    )


def _is_told(new: Mapping[str, Signer], node: Node) -> bool:
    """Whether the log names the new keys, and its head is signed by a new key of its own."""
    if "log" in new:
        try:
            open_note(node.log.head, [new["log"].verifier])
        except ProofFails:
            return False
    start = max(0, node.log.size - _LOOK_BACK)
    acts = [act.decode(entry) for entry in node.log.entries(start)]
    return _key_act(new, node).keys in [each.keys for each in acts if isinstance(each, KeyAct)]


def _key_act(new: Mapping[str, Signer], node: Node) -> KeyAct:
    who = Description.of(node, new)
    return KeyAct(
        t=next(node.ticks()),
        node=who.name,
        origin=who.origin,
        namespaces=who.namespaces,
        keys=tuple((use, key.vkey) for use, key in who.keys.items()),
    )
