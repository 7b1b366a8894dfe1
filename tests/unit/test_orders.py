"""Two persons order: whose signatures count, when an order is valid, and that it counts once.

``ssh-keygen`` of OpenSSH is the outside judge of signatures: it makes what is read here, and
checks what the tests' own signatories make.
"""

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from perilune import config
from perilune.cli import main
from perilune.errors import NotFound, OrderRefused, ProofFails, WrongUsage
from perilune.ingest.persons import change_person
from perilune.model.ordered import ALONE, Standing
from perilune.node import Node
from perilune.orders.desk import VALID_FOR, Desk, draft
from perilune.orders.order import Order, SignedOrder, What
from perilune.orders.persons import claim, needs_two, persons
from perilune.orders.sshsig import NAMESPACE, PublicKey, signed_by
from perilune.preservation.rebuild import rebuild
from perilune.testing.build import NOON
from perilune.testing.persons import Signatory, known, signed

needs_ssh_keygen = pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="needs ssh-keygen")


class Clock:
    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> object:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def node(tmp_path: Path, clock: Clock) -> Node:
    settings = config.make("Moscow", ("urn:ros:rssa",))
    return Node.create(tmp_path / "node", settings, now=clock)  # type: ignore[arg-type]


def adding(name: str, node: Node) -> tuple[Signatory, Order]:
    new = Signatory(name)
    terms = {"key": new.public.text, "standing": Standing.KNOWN.value}
    return new, draft(What.PERSON, [name], "she joins", node, terms)


def test_the_operator_makes_two_persons_known_and_no_third(node: Node) -> None:
    known(node, "Anna", "Boris")
    _, order = adding("Chen", node)

    with pytest.raises(OrderRefused, match="so far nobody did"):
        change_person(SignedOrder(order), node)

    assert [each.name for each in persons(node)] == ["Anna", "Boris"]


def test_two_persons_make_a_third_known(node: Node) -> None:
    anna, boris = known(node, "Anna", "Boris")
    _, order = adding("Chen", node)

    made = change_person(signed(order, anna, boris), node)

    assert made.warrant.order == order.digest
    assert [each.name for each in persons(node)] == ["Anna", "Boris", "Chen"]
    with node.store.open(made.warrant.order) as kept:
        assert kept.read() == order.encode()
    for name in made.warrant.signatures:
        with node.store.open(name) as kept:
            assert signed_by(order.encode(), kept.read()) in (anna.public, boris.public)


def test_the_log_shows_no_name_of_a_person(node: Node) -> None:
    known(node, "Anna Ivanovna", "Boris")

    entries = b"".join(node.log.entries(0, node.log.size))

    assert b"Anna" not in entries
    assert b"ssh-ed25519" not in entries


def test_one_person_twice_is_not_two(node: Node) -> None:
    anna, _ = known(node, "Anna", "Boris")
    _, order = adding("Chen", node)

    with pytest.raises(OrderRefused, match="so far Anna did"):
        change_person(signed(order, anna, anna), node)


def test_two_keys_of_one_person_are_not_two_persons(node: Node) -> None:
    anna, boris = known(node, "Anna", "Boris")
    spare, order = adding("Anna", node)
    change_person(signed(order, anna, boris), node)
    _, order = adding("Chen", node)

    with pytest.raises(OrderRefused, match="so far Anna did"):
        change_person(signed(order, anna, spare), node)


def test_a_stranger_does_not_count(node: Node) -> None:
    anna, _ = known(node, "Anna", "Boris")
    _, order = adding("Chen", node)

    with pytest.raises(OrderRefused, match="no person known here"):
        change_person(signed(order, anna, Signatory("Boris")), node)


def test_a_person_who_was_removed_does_not_count(node: Node) -> None:
    anna, boris, chen = known(node, "Anna", "Boris", "Chen")
    terms = {"key": chen.public.text, "standing": Standing.REMOVED.value}
    leaving = draft(What.PERSON, ["Chen"], "he left", node, terms)
    change_person(signed(leaving, anna, boris), node)
    _, order = adding("Daria", node)

    with pytest.raises(OrderRefused, match="no person known here"):
        change_person(signed(order, anna, chen), node)
    back = signed(terms_of(chen, node), anna, boris)
    with pytest.raises(WrongUsage, match="does not come back"):
        change_person(back, node)


def terms_of(person: Signatory, node: Node) -> Order:
    terms = {"key": person.public.text, "standing": Standing.KNOWN.value}
    return draft(What.PERSON, [person.name], "again", node, terms)


def test_the_last_two_persons_stay(node: Node) -> None:
    anna, boris = known(node, "Anna", "Boris")
    terms = {"key": boris.public.text, "standing": Standing.REMOVED.value}
    order = draft(What.PERSON, ["Boris"], "he left", node, terms)

    with pytest.raises(WrongUsage, match="fewer than two"):
        change_person(signed(order, anna, boris), node)


@pytest.mark.parametrize(
    "alter",
    [
        lambda order: replace(order, targets=("Mallory",)),
        lambda order: replace(order, reason="another"),
        lambda order: replace(order, not_after=order.not_after + timedelta(days=1)),
        lambda order: replace(order, terms={**order.terms, "key": Signatory("M").public.text}),
    ],
    ids=["target", "reason", "validity", "key"],
)
def test_a_signature_under_another_order_does_not_count(
    alter: Callable[[Order], Order], node: Node
) -> None:
    anna, boris = known(node, "Anna", "Boris")
    _, order = adding("Chen", node)

    with pytest.raises(OrderRefused, match="does not fit the order"):
        change_person(SignedOrder(alter(order), signed(order, anna, boris).signatures), node)


def test_an_order_counts_once(node: Node) -> None:
    anna, boris = known(node, "Anna", "Boris")
    _, order = adding("Chen", node)
    change_person(signed(order, anna, boris), node)

    with node.writing(), pytest.raises(OrderRefused, match="was carried out before"):
        claim(signed(order, anna, boris), node)


def test_an_order_counts_once_even_after_the_catalogue_was_made_again(node: Node) -> None:
    anna, boris = known(node, "Anna", "Boris")
    _, order = adding("Chen", node)
    change_person(signed(order, anna, boris), node)
    assert node.root is not None
    rebuild(node)
    node.close()
    again = Node.open(node.root, now=node.now)

    with again.writing(), pytest.raises(OrderRefused, match="was carried out before"):
        claim(signed(order, anna, boris), again)
    assert [each.name for each in persons(again)] == ["Anna", "Boris", "Chen"]


def test_an_order_expires(node: Node, clock: Clock) -> None:
    anna, boris = known(node, "Anna", "Boris")
    _, order = adding("Chen", node)
    clock.now += VALID_FOR + timedelta(microseconds=1)

    with pytest.raises(OrderRefused, match="expired"):
        change_person(signed(order, anna, boris), node)


def test_an_order_to_another_node_is_none(node: Node) -> None:
    anna, boris = known(node, "Anna", "Boris")
    _, order = adding("Chen", node)

    with pytest.raises(OrderRefused, match="an order to elsewhere/log"):
        change_person(signed(replace(order, origin="elsewhere/log"), anna, boris), node)


def test_with_the_setting_nobody_acts_alone(tmp_path: Path) -> None:
    settings = replace(config.make("Moscow", ("urn:ros:rssa",)), two_persons=True)
    node = Node.create(tmp_path / "node", settings)

    assert not needs_two(What.PERSON, node)
    assert config.load(tmp_path / "node").two_persons
    known(node, "Anna", "Boris")
    assert needs_two(What.PERSON, node)


def test_without_persons_the_act_says_that_nobody_ordered_it(node: Node) -> None:
    _, order = adding("Anna", node)

    assert change_person(SignedOrder(order), node).warrant == ALONE


def test_orders_wait_on_the_desk_for_the_second_person(node: Node) -> None:
    anna, boris = known(node, "Anna", "Boris")
    _, order = adding("Chen", node)
    desk = Desk.of(node)
    desk.lay(order)

    first = desk.sign(order, anna.signature(order.encode()))
    with pytest.raises(OrderRefused, match="Anna has signed already"):
        desk.sign(order, anna.signature(order.encode()))
    second = desk.sign(order, boris.signature(order.encode()))

    assert not first.is_complete
    assert second.is_complete
    assert desk.find(order.digest[:8]).signers == ("Anna", "Boris")
    change_person(second, node)
    desk.sweep()
    assert desk.waiting() == ()


def test_what_was_tampered_with_on_the_desk_is_no_order(node: Node) -> None:
    anna, _ = known(node, "Anna", "Boris")
    _, order = adding("Chen", node)
    desk = Desk.of(node)
    desk.lay(order)
    desk.sign(order, anna.signature(order.encode()))
    folder = desk.root / order.digest
    (folder / "mine.sig").write_bytes(Signatory("Boris").signature(order.encode()))

    assert desk.find(order.digest).signers == ("Anna",)
    (folder / "order").write_bytes(replace(order, targets=("Mallory",)).encode())
    with pytest.raises(NotFound):
        desk.find(order.digest)


def test_an_order_is_these_bytes(node: Node) -> None:
    order = replace(
        draft(What.PERSON, ["Anna"], "she joins", node, {"standing": "known"}), nonce="0" * 64
    )

    assert order.encode() == (
        b'{"nonce":"' + b"0" * 64 + b'","not_after":"2026-12-06T12:00:00.000000Z",'
        b'"order":"person","origin":"moscow/log","reason":"she joins",'
        b'"t":"2026-11-22T12:00:00.000000Z",'
        b'"targets":["Anna"],"terms":{"standing":"known"},"v":1}'
    )
    assert Order.decode(order.encode()) == order


@pytest.mark.parametrize(
    "line",
    [
        "",
        "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAgQC7",
        "ssh-ed25519 AAAA",
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA==",
    ],
)
def test_what_is_no_key_is_refused(line: str) -> None:
    with pytest.raises(ProofFails):
        PublicKey.parse(line)


def test_every_altered_byte_of_a_signature_is_noticed() -> None:
    anna = Signatory("Anna")
    good = anna.signature(b"an order")
    assert signed_by(b"an order", good) == anna.public

    for place in range(len(good)):
        bent = good[:place] + bytes([good[place] ^ 1]) + good[place + 1 :]
        try:
            assert signed_by(b"an order", bent) == anna.public
            assert good[place : place + 1].isspace()
        except ProofFails:
            pass


@needs_ssh_keygen
def test_openssh_makes_what_is_read_here_and_reads_what_is_made_here(tmp_path: Path) -> None:
    key = tmp_path / "key"
    run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "Anna of IKI", "-f", str(key))
    order = tmp_path / "order"
    order.write_bytes(b"an order")
    run("ssh-keygen", "-q", "-Y", "sign", "-n", NAMESPACE, "-f", str(key), str(order))
    public = PublicKey.parse((tmp_path / "key.pub").read_text())

    assert signed_by(b"an order", (tmp_path / "order.sig").read_bytes()) == public
    assert public.fingerprint in run("ssh-keygen", "-l", "-f", f"{key}.pub").stdout
    with pytest.raises(ProofFails, match="does not fit"):
        signed_by(b"another", (tmp_path / "order.sig").read_bytes())
    (tmp_path / "order.sig").unlink()
    run("ssh-keygen", "-q", "-Y", "sign", "-n", "file", "-f", str(key), str(order))
    with pytest.raises(ProofFails, match="a signature for 'file'"):
        signed_by(b"an order", (tmp_path / "order.sig").read_bytes())

    boris = Signatory("Boris")
    (tmp_path / "allowed").write_text(f"boris {boris.public.text}\n")
    (tmp_path / "his.sig").write_bytes(boris.signature(b"an order"))
    verify = ["-Y", "verify", "-f", str(tmp_path / "allowed"), "-I", "boris", "-n", NAMESPACE]
    run("ssh-keygen", *verify, "-s", str(tmp_path / "his.sig"), given="an order")


def run(*command: str, given: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, input=given, capture_output=True, text=True, check=True)


@needs_ssh_keygen
def test_persons_sign_with_their_own_ssh_keys(tmp_path: Path) -> None:
    Node.create(tmp_path / "node", config.make("Moscow", ("urn:ros:rssa",))).close()
    for name in ("anna", "boris", "chen"):
        run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(tmp_path / name))

    def said(*words: str, status: int = 0) -> dict[str, object]:
        answer = CliRunner().invoke(main, ["-n", str(tmp_path / "node"), *words, "--json"])
        assert answer.exit_code == status, answer.output
        found: dict[str, object] = json.loads(answer.stdout)
        return found

    def add(name: str, *more: str, status: int = 0) -> dict[str, object]:
        key = str(tmp_path / f"{name}.pub")
        words = ("persons", "add", name, "--key", key, "--reason", "named", *more)
        return said(*words, status=status)

    assert add("anna")["carried_out"]
    assert add("boris")["carried_out"]
    waits = add("chen", "--sign", str(tmp_path / "anna"))
    assert (waits["carried_out"], waits["signed_by"]) == (False, ["anna"])
    order = str(waits["order"])
    [listed] = said("orders", "list")["orders"]  # type: ignore[misc]
    assert listed["order"] == order  # type: ignore[index]
    said("orders", "sign", order, "--sign", str(tmp_path / "anna"), status=3)
    said("orders", "sign", order, "--sign", str(tmp_path / "chen"), status=3)

    shown = CliRunner().invoke(main, ["-n", str(tmp_path / "node"), "orders", "show", order])
    (tmp_path / "order").write_bytes(shown.stdout_bytes)
    signing = ["-Y", "sign", "-n", NAMESPACE, "-f", str(tmp_path / "boris")]
    run("ssh-keygen", *signing, str(tmp_path / "order"))
    done = said("orders", "sign", order, "--signature", f"{tmp_path / 'order'}{os.extsep}sig")

    assert (done["carried_out"], done["signed_by"]) == (True, ["anna", "boris"])
    assert said("orders", "list")["orders"] == []
    names = [each["name"] for each in said("persons", "list")["persons"]]  # type: ignore[attr-defined]
    assert names == ["anna", "boris", "chen"]
    said("orders", "sign", order, "--sign", str(tmp_path / "boris"), status=3)
