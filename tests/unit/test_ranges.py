"""Ranges and media types asked for; the examples are those of RFC 9110."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perilune.web.negotiation import preferred
from perilune.web.ranges import MAX_RANGES, Span, Unsatisfiable, read_range


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("bytes=0-499", [(0, 500)]),
        ("bytes=500-999", [(500, 1000)]),
        ("bytes=-500", [(9500, 10000)]),
        ("bytes=9500-", [(9500, 10000)]),
        ("bytes=0-0,-1", [(0, 1), (9999, 10000)]),
        ("bytes=0-, 0-999", None),
        ("bytes= 0-999, 4500-5499, -1000", [(0, 1000), (4500, 5500), (9000, 10000)]),
        ("bytes=500-600,601-999", [(500, 601), (601, 1000)]),
        ("bytes=500-700,601-999", [(500, 701), (601, 1000)]),
        ("bytes=0-999999999999999999", [(0, 10000)]),
        ("bytes=10000-,5-5", [(5, 6)]),
        ("BYTES=1-1", [(1, 2)]),
    ],
)  # RFC 9110 sections 14.1.2 and 14.2, for a representation of 10,000 bytes
def test_the_ranges_of_the_standard(header: str, expected: list[tuple[int, int]] | None) -> None:
    if expected is None:
        with pytest.raises(Unsatisfiable):
            read_range(header, 10_000)
    else:
        assert read_range(header, 10_000) == tuple(Span(*pair) for pair in expected)


@pytest.mark.parametrize(
    "header",
    ["", "bytes", "bytes=", "bytes=-", "bytes=5-4", "bytes=a-b", "items=0-1", "bytes=1--2", "0-1"],
)
def test_what_is_no_range_is_ignored(header: str) -> None:
    assert read_range(header, 100) == ()


@pytest.mark.parametrize("header", ["bytes=100-", "bytes=100-200", "bytes=-0"])
def test_what_does_not_exist_is_not_satisfied(header: str) -> None:
    with pytest.raises(Unsatisfiable):
        read_range(header, 100)


def test_nothing_of_an_empty_file_can_be_asked_for() -> None:
    with pytest.raises(Unsatisfiable):
        read_range("bytes=0-", 0)


def test_too_many_ranges_are_refused() -> None:
    header = "bytes=" + ",".join(f"{n}-{n}" for n in range(MAX_RANGES))

    assert len(read_range(header, 100)) == MAX_RANGES
    with pytest.raises(Unsatisfiable):
        read_range(f"{header},99-99", 100)


@given(st.text(alphabet="bytes=0123456789-, \t", max_size=60), st.integers(0, 300))
def test_whatever_is_asked_for_lies_within_the_file(header: str, size: int) -> None:
    try:
        spans = read_range(header, size)
    except Unsatisfiable:
        return
    assert all(0 <= span.start < span.stop <= size for span in spans)


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        (None, "a/json"),
        ("", "a/json"),
        ("*/*", "a/json"),
        ("t/html", "t/html"),
        ("T/HTML, a/json", "t/html"),
        ("a/json;q=0.2, t/*;q=0.9", "t/html"),
        ("t/html;q=0, */*", "a/json"),
        ("t/html;q=0", "a/json"),
        ("x/y, t/csv", "t/csv"),
        ("x/y", "a/json"),
        ("t/html;q=nan, t/csv;q=0.1", "t/csv"),
        ("t/html;level=1;q=0.1, t/csv;q=0.2", "t/csv"),
        (",;,=;q", "a/json"),
    ],
)
def test_the_media_type_liked_best_is_chosen(accept: str | None, expected: str) -> None:
    assert preferred(accept, ("a/json", "t/html", "t/csv")) == expected
