"""The outbound gate: what leaves a node was cleared by two persons, or by a rule they signed."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from perilune import config
from perilune.access.policy import OPERATOR, VISITOR
from perilune.access.search import find, search
from perilune.catalogue.query import Query
from perilune.errors import NotFound, OrderRefused, Withdrawn, WrongUsage
from perilune.ingest.clear import clear, clearing
from perilune.ingest.delivery import Options, Outcome, deliver
from perilune.ingest.rules import let_rule, revoke, revoking, rules, ruling
from perilune.ingest.withdraw import (
    correct,
    hold,
    holds,
    unhold,
    unholding,
    withdraw,
    withdrawing,
)
from perilune.model.ordered import ALONE, Cause, ClearAct
from perilune.model.product import Releasability
from perilune.model.reading import time_text
from perilune.node import Node
from perilune.orders.desk import Desk
from perilune.orders.order import SignedOrder, What
from perilune.preservation.rebuild import rebuild
from perilune.testing.labels import file_area, label
from perilune.testing.persons import Signatory, known, signed
from perilune.web.app import create_app

SPACE = "urn:ros:rssa"
PUBLIC, PARTNER = Releasability.PUBLIC, Releasability.PARTNER


def made(tmp_path: Path, **settings: Any) -> Node:
    chosen = replace(config.make("Moscow", (SPACE,)), **settings)
    return Node.create(tmp_path / "node", chosen)


@pytest.fixture
def node(tmp_path: Path) -> Node:
    return made(tmp_path)


@pytest.fixture
def two(node: Node) -> list[Signatory]:
    return known(node, "Anna", "Boris")


def hand_in(
    node: Node, folder: Path, *names: str, collection: str = "data", **options: Any
) -> Outcome:
    """Deliver a product of each name."""
    folder.mkdir()
    for name in names:
        (folder / f"{name}.csv").write_bytes(name.encode())
        area = file_area(f"{name}.csv", size=str(len(name)))
        lid = f"{SPACE}:mission:{collection}:{name}"
        (folder / f"{name}.xml").write_bytes(label(area, lid=lid))
    outcome = deliver(folder, node, Options(**options))
    assert outcome.is_complete, outcome.as_text()
    return outcome


def lidvid(name: str, collection: str = "data") -> str:
    return f"{SPACE}:mission:{collection}:{name}::1.0"


def seen(node: Node, **query: Any) -> set[str]:
    asked = Query(limit=50, versions="all", **query)
    hits = search(asked, node, VISITOR).hits
    return {hit.product.id.lid.text.rpartition(":")[2] for hit in hits}


def test_what_nobody_cleared_is_national_once_persons_are_known(
    node: Node, two: list[Signatory], tmp_path: Path
) -> None:
    outcome = hand_in(node, tmp_path / "in", "one", releasability=PUBLIC)

    assert outcome.receipt is not None
    assert outcome.receipt.releasability is Releasability.NATIONAL
    assert seen(node) == set()
    assert b"one" not in b"".join(node.log.entries(0, node.log.size))
    waiting = Desk.of(node).find(outcome.passage.order)
    assert waiting.order.terms["to"] == "public"

    clear(signed(waiting.order, *two), node)

    assert seen(node) == {"one"}


def test_the_same_delivery_lays_out_one_order_and_no_other(node: Node, tmp_path: Path) -> None:
    known(node, "Anna", "Boris")
    first = hand_in(node, tmp_path / "in", "one", releasability=PUBLIC)
    again = deliver(tmp_path / "in", node, Options(releasability=PUBLIC))

    assert again.passage == first.passage
    assert len(Desk.of(node).waiting()) == 1


def test_with_the_setting_nothing_is_public_before_persons_are_known(tmp_path: Path) -> None:
    node = made(tmp_path, two_persons=True, releasability=PUBLIC)
    hand_in(node, tmp_path / "in", "one")

    assert seen(node) == set()
    order = clearing([lidvid("one")], PUBLIC, "agreed", node)
    with pytest.raises(OrderRefused, match="knows fewer"):
        clear(SignedOrder(order), node)


def test_before_persons_are_known_the_operator_clears_and_the_act_says_so(
    node: Node, tmp_path: Path
) -> None:
    hand_in(node, tmp_path / "in", "one")
    clear(SignedOrder(clearing([lidvid("one")], PUBLIC, "agreed", node)), node)

    [cleared] = node.catalogue.recorded(["clear"])
    assert isinstance(cleared.act, ClearAct)
    assert (cleared.act.warrant, cleared.is_open) == (ALONE, True)


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        (lidvid("one"), {"one"}),
        (f"{SPACE}:mission:data", {"one", "two"}),
        (f"{SPACE}:mission:data:one", {"one"}),
        (f"{SPACE}:mission", {"one", "two", "three"}),
        ("delivery", {"one", "two"}),
    ],
)
def test_a_target_is_a_product_a_collection_or_a_delivery(
    target: str, expected: set[str], node: Node, two: list[Signatory], tmp_path: Path
) -> None:
    outcome = hand_in(node, tmp_path / "in", "one", "two")
    hand_in(node, tmp_path / "more", "three", collection="data_more")
    assert outcome.receipt is not None
    meant = outcome.receipt.delivery if target == "delivery" else target

    clear(signed(clearing([meant], PUBLIC, "agreed", node), *two), node)

    assert seen(node) == expected
    assert rebuilt(node) == expected


def rebuilt(node: Node) -> set[str]:
    rebuild(node)
    assert node.root is not None
    again = Node.open(node.root)
    try:
        return seen(again)
    finally:
        again.close()


def test_an_order_means_what_was_held_when_it_was_made(
    node: Node, two: list[Signatory], tmp_path: Path
) -> None:
    hand_in(node, tmp_path / "in", "one")
    order = clearing([f"{SPACE}:mission"], PUBLIC, "agreed", node)
    hand_in(node, tmp_path / "later", "two")

    clear(signed(order, *two), node)

    assert seen(node) == {"one"}


def test_what_is_for_partners_shows_to_no_visitor_and_not_in_the_log(
    node: Node, two: list[Signatory], tmp_path: Path
) -> None:
    hand_in(node, tmp_path / "in", "one")
    clear(signed(clearing([lidvid("one")], PARTNER, "treaty", node), *two), node)

    assert seen(node) == set()
    assert b"treaty" not in b"".join(node.log.entries(0, node.log.size))
    assert find(lidvid("one"), node, OPERATOR).releasability is PARTNER
    clear(signed(clearing([lidvid("one")], PUBLIC, "agreed", node), *two), node)
    assert seen(node) == {"one"}


@pytest.mark.parametrize(
    ("target", "to", "error"),
    [
        (lidvid("one"), Releasability.NATIONAL, WrongUsage),
        (lidvid("none"), PUBLIC, NotFound),
        ("0" * 64, PUBLIC, NotFound),
    ],
)
def test_what_cannot_be_cleared_makes_no_order(
    target: str, to: Releasability, error: type[Exception], node: Node, tmp_path: Path
) -> None:
    hand_in(node, tmp_path / "in", "one")

    with pytest.raises(error):
        clearing([target], to, "agreed", node)


def test_what_is_cleared_already_makes_no_order(node: Node, tmp_path: Path) -> None:
    hand_in(node, tmp_path / "in", "one", releasability=PUBLIC)

    with pytest.raises(WrongUsage, match="already"):
        clearing([lidvid("one")], PUBLIC, "agreed", node)


def let(node: Node, two: list[Signatory], *within: str, to: Releasability = PUBLIC) -> str:
    until = node.now() + timedelta(days=1)
    rule = let_rule(signed(ruling(within, to, until, "as agreed", node), *two), node)
    return time_text(rule.t)


def test_a_standing_rule_clears_what_is_delivered_below_it(
    node: Node, two: list[Signatory], tmp_path: Path
) -> None:
    hand_in(node, tmp_path / "before", "early")
    let(node, two, f"{SPACE}:mission:data")

    outcome = hand_in(node, tmp_path / "in", "one", "two")
    hand_in(node, tmp_path / "beside", "three", collection="data_more")
    hand_in(node, tmp_path / "again", "early_too", collection="other")

    assert outcome.passage.cleared == 2
    assert seen(node) == {"one", "two"}
    assert rebuilt(node) == {"one", "two"}


def test_a_rule_clears_what_a_crash_left_national(
    node: Node, two: list[Signatory], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    let(node, two, f"{SPACE}:mission:data")
    monkeypatch.setattr("perilune.ingest.gate.rules", lambda _node: ())
    hand_in(node, tmp_path / "in", "one")
    monkeypatch.undo()

    again = deliver(tmp_path / "in", node)

    assert again.passage.cleared == 1
    assert seen(node) == {"one"}
    assert deliver(tmp_path / "in", node).passage.cleared == 0


def test_a_rule_ends_when_it_is_revoked_and_when_its_time_is_over(
    node: Node, two: list[Signatory], tmp_path: Path
) -> None:
    name = let(node, two, f"{SPACE}:mission")
    revoke(signed(revoking(name, "treaty ended", node), *two), node)
    hand_in(node, tmp_path / "in", "one")

    assert rules(node) == ()
    assert seen(node) == set()
    with pytest.raises(NotFound):
        revoking(name, "again", node)
    let(node, two, f"{SPACE}:mission")
    later = replace(node, now=lambda: node.now() + timedelta(days=2))
    assert rules(later) == ()


def test_one_person_lets_no_rule_stand(node: Node, two: list[Signatory]) -> None:
    until = node.now() + timedelta(days=1)
    order = ruling([f"{SPACE}:mission"], PUBLIC, until, "as agreed", node)

    with pytest.raises(OrderRefused):
        let_rule(signed(order, two[0]), node)
    with pytest.raises(WrongUsage, match="namespaces"):
        ruling(["urn:cnsa:grss:mission"], PUBLIC, until, "as agreed", node)


def test_what_is_withdrawn_leaves_a_tombstone_for_those_who_knew_it(
    node: Node, two: list[Signatory], tmp_path: Path
) -> None:
    hand_in(node, tmp_path / "in", "one", "two")
    clear(signed(clearing([lidvid("one")], PUBLIC, "agreed", node), *two), node)
    both = [lidvid("one"), lidvid("two")]
    withdraw(signed(withdrawing(both, Cause.RIGHTS, "not ours to show", node), *two), node)

    for name in both:
        with pytest.raises(Withdrawn):
            find(name, node, OPERATOR)
    with pytest.raises(Withdrawn):
        find(lidvid("one").partition("::")[0], node, VISITOR)
    with pytest.raises(NotFound) as guess:
        find(lidvid("two"), node, VISITOR)
    assert not isinstance(guess.value, Withdrawn)
    page = TestClient(create_app(node)).get(
        f"/products/{lidvid('one')}", headers={"Accept": "text/html"}
    )
    assert page.status_code == 410
    assert "not ours to show" in page.text
    shown = b"".join(node.log.entries(0, node.log.size))
    assert b"data:one" in shown
    assert b"data:two" not in shown
    again = deliver(tmp_path / "in", node)
    assert (again.accepted, again.held) == (0, 2)
    assert seen(node) == set()


@pytest.mark.parametrize(
    "ordering",
    [
        lambda node: (withdrawing([lidvid("one")], Cause.LAW, "a court says so", node), withdraw),
        lambda node: (clearing([lidvid("one")], PARTNER, "treaty", node), clear),
        lambda node: (unholding(lidvid("one"), "the case is closed", node), unhold),
    ],
    ids=["withdraw", "clear", "unhold"],
)
def test_nothing_of_this_happens_by_one_person_or_twice(
    ordering: Callable[[Node], Any], node: Node, two: list[Signatory], tmp_path: Path
) -> None:
    hand_in(node, tmp_path / "in", "one")
    hold(lidvid("one"), "a case in court", node)
    order, carry_out = ordering(node)
    size = node.log.size

    for signers in ((), two[:1], (two[0], two[0]), (two[0], Signatory("Boris"))):
        with pytest.raises(OrderRefused):
            carry_out(signed(order, *signers), node)
    assert node.log.size == size
    carry_out(signed(order, *two), node)
    with pytest.raises((NotFound, OrderRefused)):
        carry_out(signed(order, *two), node)
    assert node.log.size == size + 1


def test_a_hold_stands_until_two_persons_lift_it(
    node: Node, two: list[Signatory], tmp_path: Path
) -> None:
    hand_in(node, tmp_path / "in", "one")
    first = hold(lidvid("one"), "a case in court", node)
    second = hold(lidvid("one"), "another", node)
    order = unholding(lidvid("one"), "both cases are closed", node)
    third = hold(lidvid("one"), "a third, later", node)

    unhold(signed(order, *two), node)

    assert {first.t, second.t}.isdisjoint(each.t for each in holds(first.lidvid, node))
    assert holds(first.lidvid, node) == (third,)


def test_errata_stand_by_the_product_oldest_first(node: Node, tmp_path: Path) -> None:
    hand_in(node, tmp_path / "in", "one", releasability=PUBLIC)
    correct(lidvid("one"), "the first", node)
    correct(lidvid("one"), "the second", node)

    found = find(lidvid("one"), node, VISITOR)
    assert [each.text for each in found.errata] == ["the first", "the second"]
    client = TestClient(create_app(node))
    answer = client.get(f"/api/search/1/products/{lidvid('one')}")
    assert answer.json()["metadata"]["errata"] == ["the first", "the second"]


def test_only_what_is_held_and_ones_own_is_ordered_about(node: Node, tmp_path: Path) -> None:
    hand_in(node, tmp_path / "in", "one")

    for target in (lidvid("none"),):
        with pytest.raises(NotFound):
            withdrawing([target], Cause.ERROR, "wrong", node)
        with pytest.raises(NotFound):
            hold(target, "a case", node)
        with pytest.raises(NotFound):
            correct(target, "wrong", node)
    with pytest.raises(WrongUsage, match="name one version"):
        withdrawing([f"{SPACE}:mission:data:one"], Cause.ERROR, "wrong", node)
    with pytest.raises(WrongUsage, match="1 to 4,000"):
        hold(lidvid("one"), " ", node)
    assert What.WITHDRAW not in {each.order.what for each in Desk.of(node).waiting()}
