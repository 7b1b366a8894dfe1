"""The query language of the PDS Search API: what its grammar writes is read, all else refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perilune.catalogue.memory import MemoryCatalogue
from perilune.catalogue.pds_query import parse_q
from perilune.catalogue.query import And, Comparison, Condition, Not, Op, Or, Query
from perilune.errors import BadQuestion

LID = Comparison("lid", Op.EQ, "a")
VID = Comparison("vid", Op.GE, 1.5)
START = "pds:Time_Coordinates.pds:start_date_time"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('lid eq "a"', LID),
        ('LID_ eq "a"', None),
        ("vid ge 1.5", VID),
        ("vid GE +1.5", VID),
        ('(lid eq "a")', LID),
        ('((lid eq "a") and (vid ge 1.5))', And((LID, VID))),
        ('lid eq "a" and vid ge 1.5', And((LID, VID))),
        ('(lid eq "a" OR vid ge 1.5 or lid eq "a")', Or((LID, VID, LID))),
        ('not (lid eq "a")', Not(LID)),
        ('NOT(lid eq "a" and not (vid ge 1.5))', Not(And((LID, Not(VID))))),
        ('(lid eq "a" and (vid ge 1.5 or lid eq "a"))', And((LID, Or((VID, LID))))),
        ('title like "*ice ?"', Comparison("title", Op.LIKE, "*ice ?")),
        ("title exists", Comparison("title", Op.EXISTS, "")),
        (f'{START} lt "2020"', Comparison(START, Op.LT, "2020")),
        (f'{START.replace(".", "/")} lt "2020"', Comparison(START, Op.LT, "2020")),
        # as peppi 0.7 writes several targets: no blank before "or", a level of parentheses a clause
        ('(((lid eq "a"or lid eq "a")) and (vid ge 1.5))', And((Or((LID, LID)), VID))),
    ],
)
def test_what_the_grammar_writes_is_read(text: str, expected: Condition | None) -> None:
    if expected is None:
        with pytest.raises(BadQuestion, match="character 1: no such field"):
            parse_q(text)
    else:
        assert parse_q(text) == expected


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("", 1),
        ("lid", 4),
        ("lid eq", 7),
        ("lid eq a", 8),
        ("lid is 5", 5),
        ('lid eq "a', 8),
        ('(lid eq "a"', 12),
        ('lid eq "a")', 11),
        ('lid eq "a" and', 15),
        ('lid eq "a" lid', 12),
        ('not lid eq "a"', 5),
        ('lid eq "a" and vid ge 1 or vid ge 2', 25),
        ("title like 5", 12),
        ("vid eq 5x", 8),
        ("vid eq 1e5", 8),
        ("and eq 5", 1),
        ("colour eq 5", 1),
        ("lid eq 'a'", 8),
        ('lid eq "a"; drop table product', 11),
        (f'{"(" * 40}lid eq "a"{")" * 40}', 33),
        (f'lid eq "{"a" * 2_000}"', 1),
    ],
)
def test_anything_else_is_refused_with_its_place(text: str, place: int) -> None:
    with pytest.raises(BadQuestion, match=rf"at character {place}: "):
        parse_q(text)


def test_a_query_without_end_is_refused() -> None:
    with pytest.raises(BadQuestion, match="20000 characters"):
        parse_q('lid eq "a" and ' * 2_000 + 'lid eq "a"')


fields = st.sampled_from(["lid", "title", "ref_lid_target", START, "img:Filter.img:name"])
texts = st.text(st.characters(exclude_characters='"\0', exclude_categories=("Cs",)), max_size=20)
numbers = st.decimals(-1000, 1000, places=3).map(float)
orders = st.sampled_from([Op.EQ, Op.NE, Op.GT, Op.GE, Op.LT, Op.LE])
comparisons = st.one_of(
    st.builds(Comparison, fields, orders, texts | numbers),
    st.builds(Comparison, fields, st.just(Op.LIKE), texts),
)
conditions: st.SearchStrategy[Condition] = st.recursive(
    comparisons,
    lambda terms: st.one_of(
        st.lists(terms, min_size=2, max_size=4).map(lambda found: And(tuple(found))),
        st.lists(terms, min_size=2, max_size=4).map(lambda found: Or(tuple(found))),
        terms.map(Not),
    ),
    max_leaves=10,
)


def written(condition: Condition) -> str:
    """The condition in the language, with every pair of parentheses that it may have."""
    match condition:
        case Comparison(field, op, str(value)):
            return f'{field} {op} "{value}"'
        case Comparison(field, op, value):
            return f"{field} {op} {value:.3f}"
        case And(terms):
            return f"({' and '.join(map(written, terms))})"
        case Or(terms):
            return f"({' or '.join(map(written, terms))})"
        case Not(term):
            inner = written(term)
            return f"not {inner}" if inner.startswith("(") else f"not ({inner})"


@given(conditions)
def test_every_condition_is_read_back_as_it_was_written(condition: Condition) -> None:
    assert parse_q(written(condition)) == condition


@given(
    st.text()
    | st.lists(st.sampled_from(["(", ")", "not", "and", "lid", "eq", '"a"', "5"])).map(" ".join)
)
def test_no_text_does_more_than_be_refused(text: str) -> None:
    try:
        condition = parse_q(text)
    except BadQuestion:
        return
    assert MemoryCatalogue().search(Query(where=condition)).total == 0
