"""Keys change, by the rule of TUF: who knew the old one knows the new one, and nobody else can."""

import json
import stat
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from click.testing import CliRunner
from starlette.requests import Request
from starlette.responses import Response

from perilune.access.policy import OPERATOR
from perilune.access.search import find
from perilune.cli import main
from perilune.errors import PeerUntrusted, WrongUsage
from perilune.federation import rotation
from perilune.federation.custody import CustodyReceipt
from perilune.federation.description import Description
from perilune.federation.folder import TAKEN, Peers, chain
from perilune.federation.roster import Member, Role, Roster
from perilune.federation.rotation import finish, make_missing, rotate
from perilune.federation.status import elsewhere, status_of
from perilune.ingest.projection import walk
from perilune.ledger.note import Signer, Verifier, open_note
from perilune.ledger.receipt import Receipt
from perilune.model.act import KeyAct
from perilune.node import ALL_USES, USES, Node
from perilune.preservation.rebuild import rebuild

from .scene import COPIER, OWNER, Served, befriend, hand_in, kept_of, make, pull, served, write


@dataclass
class Pair:
    """Two nodes that each copied from the other."""

    owner: Served
    partner: Served

    def rotate(self, use: str) -> None:
        rotate(use, self.owner.node)
        self.reopen()

    def reopen(self) -> None:
        """As when ``perilune serve`` is started again."""
        node = self.owner.node
        node.close()
        assert node.root is not None
        self.owner.__init__(Node.open(node.root), self.owner.url)  # type: ignore[misc]

    def rounds(self) -> None:
        for _ in range(2):
            pull(self.partner.node, self.owner)
            pull(self.owner.node, self.partner)


@pytest.fixture
def pair(owner: Served, copier: Node) -> Iterator[Pair]:
    with served(copier) as partner:
        befriend(owner.node, partner)
        found = Pair(owner, partner)
        found.rounds()
        yield found


def vkeys(node: Node) -> dict[str, str]:
    return dict(node.keys)


@pytest.mark.parametrize("use", USES)
def test_a_peer_learns_a_new_key_from_the_roster_and_everything_goes_on(
    pair: Pair, tmp_path: Path, use: str
) -> None:
    before = vkeys(pair.owner.node)

    pair.rotate(use)

    node, partner = pair.owner.node, pair.partner.node
    after = vkeys(node)
    assert {each for each in USES if before[each] != after[each]} == {use}
    [first, last] = [each for _, each in walk(node) if isinstance(each, KeyAct)]
    assert (dict(first.keys), dict(last.keys)) == (before, after)
    assert stat.S_IMODE((node.root / "keys" / f"{use}.pem").stat().st_mode) == 0o600  # type: ignore[operator]
    hand_in(node, write(tmp_path / "more", ["more"], seed=5))
    pair.rounds()
    pinned = Peers.of(partner).named("owner").who
    assert {each: key.vkey for each, key in pinned.keys.items()} == after
    assert status_of(Peers.of(partner).named("owner"), partner).seen == node.log.size
    assert status_of(Peers.of(node).named("copier"), node).witnessed.size == node.log.size  # type: ignore[union-attr]
    assert kept_of(partner, node).evidence() == kept_of(node, partner).evidence() == []
    late = make(tmp_path, "late", "urn:esa:psa")
    befriend(late, pair.owner)
    assert pull(late, pair.owner).counts.held == 4
    late.close()
    rebuild(node)


def test_what_old_keys_signed_stays_verifiable(pair: Pair, tmp_path: Path) -> None:
    outcome = hand_in(pair.owner.node, write(tmp_path / "more", ["more"], seed=5))
    pair.rounds()
    old = kept_of(pair.owner.node, pair.partner.node).note(TAKEN)
    for use in ("receipt", "custody", "log", "roster"):
        pair.rotate(use)

    peers = Peers.of(pair.owner.node)
    origin = pair.owner.node.config.origin
    [new, first] = peers.keys_of(origin, "receipt")
    with pytest.raises(Exception, match="no signature by a trusted key"):
        Receipt.verify(outcome.receipt_note, new)
    assert Receipt.verify(outcome.receipt_note, first).counts.accepted == 1
    if old is not None:
        assert CustodyReceipt.verify(old, *peers.keys_of(origin, "custody"))
    pair.rounds()
    found = find(f"{OWNER}:mission:data:one", pair.owner.node, OPERATOR)
    assert [each.name for each in elsewhere(found, pair.owner.node)] == ["copier"]


def test_a_roster_that_the_pinned_key_did_not_sign_is_refused(pair: Pair, tmp_path: Path) -> None:
    """Somebody who has the address shows a chain of rosters of their own making."""
    pinned = Peers.of(pair.partner.node).named("owner").who
    thief = Signer.generate("owner/log/roster")
    forged = Roster(
        version=1,
        t=pair.owner.node.now(),
        previous="",
        signers=Role((thief.verifier, pinned.keys["roster"]), 1),
        members=(Member(pinned),),
    )
    stolen = replace(pinned, keys={**pinned.keys, "roster": thief.verifier})
    note = forged.encode([thief])
    second = forged.with_self(stolen, forged.signers, forged.t, note)
    notes = [note, second.encode([thief])]
    assert chain(notes)[-1][0] == second

    def bend(request: Request) -> Response | None:
        path = request.url.path
        if path.startswith("/federation/roster/"):
            number = int(path.rpartition("/")[2])
            return Response(notes[number - 1]) if number <= len(notes) else None
        return None

    pair.owner.bend = bend
    friend = make(tmp_path, "friend", COPIER)
    befriend(friend, pair.owner)
    with pytest.raises(PeerUntrusted, match="is not to be believed"):
        pull(friend, pair.owner)
    assert Peers.of(friend).named("owner").who == pinned
    assert kept_of(friend, pair.owner.node).roster() == []
    friend.close()


def test_a_key_act_without_a_roster_changes_nothing(pair: Pair) -> None:
    """Somebody who has the log's key alone cannot put other keys in the places of the owner's."""
    node = pair.owner.node
    new = {"custody": Signer.generate(f"{node.config.origin}/custody")}
    with node.writing():
        node.log.append([rotation.act.encode(rotation._key_act(new, node))])

    with pytest.raises(PeerUntrusted, match="names other keys than those pinned"):
        pull(pair.partner.node, pair.owner)


@pytest.mark.parametrize("use", ["log", "custody", "roster"])
@pytest.mark.parametrize("step", ["roster", "act", "place"])
def test_a_rotation_that_is_broken_off_is_undone_or_ended_by_the_next_command(
    pair: Pair, use: str, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = vkeys(pair.owner.node)
    root = pair.owner.node.root

    def die(*_anything: object, **_more: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        if step == "roster":
            patched.setattr(Peers, "rename_self", die)
            patched.setattr(rotation, "_is_unnamed", lambda *_: False)
        elif step == "act":
            patched.setattr(rotation, "finish", die)
        else:
            patched.setattr(Path, "replace", die)
        with pytest.raises(KeyboardInterrupt):
            rotate(use, pair.owner.node)
    pair.reopen()
    assert pair.owner.node.has_next_keys

    done = CliRunner().invoke(main, ["-n", str(root), "keys", "list", "--json"])

    assert done.exit_code == 0, done.output
    pair.reopen()
    after = vkeys(pair.owner.node)
    assert {each for each in USES if before[each] != after[each]} == (
        set() if step == "roster" else {use}
    )
    assert not pair.owner.node.has_next_keys
    pair.rounds()
    assert len([each for _, each in walk(pair.owner.node) if isinstance(each, KeyAct)]) == (
        1 if step == "roster" else 2
    )


def test_a_threshold_of_keys_signs_the_roster(pair: Pair, tmp_path: Path) -> None:
    root = str(pair.owner.node.root)

    def run(*words: str) -> tuple[int, dict[str, object]]:
        done = CliRunner().invoke(main, ["-n", root, *words, "--json"])
        return done.exit_code, json.loads(done.stdout)

    file = tmp_path / "second.pem"
    code, made = run("roster", "key", "second", str(file))
    assert (code, stat.S_IMODE(file.stat().st_mode)) == (0, 0o600)
    code, told = run("roster", "signers", "--add", str(made["vkey"]), "--threshold", "2")
    assert (code, told["error"]["code"]) == (2, "wrong-usage")  # type: ignore[index]
    words = ["--add", str(made["vkey"]), "--threshold", "2", "--with", str(file)]
    code, told = run("roster", "signers", *words)
    assert (code, told["threshold"], len(told["keys"])) == (0, 2, 2)  # type: ignore[arg-type]

    before = vkeys(pair.owner.node)
    code, told = run("keys", "rotate", "custody")
    assert (code, told["error"]["code"]) == (2, "wrong-usage")  # type: ignore[index]
    assert "1 of 2 keys" in told["error"]["detail"]  # type: ignore[index]
    pair.reopen()
    assert (vkeys(pair.owner.node), pair.owner.node.has_next_keys) == (before, False)
    code, told = run("keys", "rotate", "custody", "--with", str(file))
    assert (code, list(told["made"])) == (0, ["custody"])  # type: ignore[call-overload]
    code, told = run("keys", "rotate", "roster", "--with", str(file))
    assert code == 0, told
    pair.reopen()
    pair.rounds()
    code, told = run("roster", "verify")
    assert (code, told["fault"]) == (0, None)
    signed = [each["signed_by"] for each in told["versions"]]  # type: ignore[attr-defined]
    assert [len(each) for each in signed[-3:]] == [2, 2, 2]
    code, told = run("roster", "show")
    assert told["version"] == len(signed)

    versions = sorted((Path(root) / "peers" / "roster").iterdir())
    bent = tmp_path / "bent"
    bent.write_bytes(versions[-1].read_bytes().replace(b'"threshold":2', b'"threshold":1'))
    code, told = run("roster", "verify", *map(str, versions[:-1]), str(bent))
    assert (code, "is false" in str(told["fault"])) == (3, True)


def test_a_node_of_an_older_version_gets_the_keys_that_it_lacks(tmp_path: Path) -> None:
    node = make(tmp_path, "old", COPIER)
    hand_in(node, write(tmp_path / "one", ["one"], namespace=COPIER))
    root, kept = node.root, vkeys(node)
    assert root is not None
    node.close()
    for use in ("witness", "custody", "roster", "request"):
        (root / "keys" / f"{use}.pem").unlink()
    old = Node.open(root)
    with pytest.raises(WrongUsage, match="perilune keys make"):
        old.signer("witness")

    assert make_missing(old) == [use for use in ALL_USES if use not in ("log", "receipt")]

    old.close()
    new = Node.open(root)
    assert {use for use in USES if vkeys(new)[use] == kept[use]} == {"log", "receipt"}
    assert Description.of(new).keys == Peers.of(new).roster().of(new.config.origin).keys
    assert make_missing(new) == []
    [_, act] = [each for _, each in walk(new) if isinstance(each, KeyAct)]
    assert dict(act.keys) == vkeys(new)
    finish(new)
    new.close()


def test_versions_cannot_be_left_out_or_exchanged(pair: Pair) -> None:
    pair.rotate("roster")
    pair.rotate("custody")
    notes = [note for _, note in Peers.of(pair.owner.node).versions()]
    newest = chain(notes)[-1][0]
    assert newest.version == len(notes) == 4
    for wrong in (notes[1:], [*notes[:1], *notes[2:]], [notes[1], notes[0]]):
        with pytest.raises(Exception, match="roster"):
            chain(wrong)
    key = Verifier.parse(vkeys(pair.owner.node)["roster"])
    open_note(notes[-1], [key])
