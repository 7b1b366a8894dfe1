"""A label known by its blank is read as if it had been parsed."""

from collections.abc import Callable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from perilune.errors import MalformedLabel
from perilune.formats import xml
from perilune.formats.pds4 import grow as growing
from perilune.formats.pds4.blank import LARGEST
from perilune.formats.pds4.label import read_label
from perilune.model.product import Product
from perilune.testing.labels import (
    TARGET,
    bounding_box,
    discipline,
    file_area,
    label,
    observation,
)

_BLANK = label(
    discipline(bounding_box("0", "10", "-5", "5")),
    "<Note><comment>first</comment><nothing/><comment>second</comment></Note>",
    file_area("a.tab", size="10", md5="0" * 32),
)
_BYTES = st.one_of(
    st.text(max_size=20).map(lambda text: text.encode("utf-8", "surrogatepass")),
    st.binary(max_size=8),
    st.sampled_from([b"", b" ", b"<b/>", b"&lt;", b"&x;", b"a<!-- b -->c", b"<![CDATA[d]]>", b">"]),
)


def _with(first: bytes, second: bytes) -> bytes:
    return _BLANK.replace(b">first<", b">" + first + b"<").replace(
        b">second<", b">" + second + b"<"
    )


def _read(data: bytes) -> Product | tuple[str, int | None]:
    try:
        return read_label(data)
    except MalformedLabel as refused:
        return refused.reason, refused.line


def _know_the_blank() -> None:
    growing.forget_blanks()
    for _ in range(2):
        read_label(_BLANK)


def _parsed(data: bytes) -> Product | tuple[str, int | None]:
    growing.forget_blanks()
    return _read(data)


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """What was handed to the parser."""
    parsed: list[bytes] = []
    parse = xml.parse

    def counting(data: bytes, *, keeps_blanks: bool = True) -> object:
        parsed.append(data)
        return parse(data, keeps_blanks=keeps_blanks)

    monkeypatch.setattr(xml, "parse", counting)
    growing.forget_blanks()
    return parsed


@given(_BYTES, _BYTES)
@example(b"a\nb", b"\r\n c  d ")
@example("\u00a0e\u2003f".encode(), b"g")
@example("\ufffe".encode(), b"h")
@example(b"\x0b", b"i")
@example(b"\xed\xa0\x80", b"j")
@example(b"]]>", b"k")
@example(b"l" * 10_001, b"m")
def test_whatever_the_values_a_known_label_is_read_as_an_unknown_one(
    first: bytes, second: bytes
) -> None:
    data = _with(first, second)
    expected = _parsed(data)
    _know_the_blank()

    assert _read(data) == expected


@given(st.data())
def test_a_known_label_with_a_few_bytes_changed_is_read_as_an_unknown_one(
    data: st.DataObject,
) -> None:
    changed = bytearray(_BLANK)
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(changed) - 1))
        length = data.draw(st.integers(0, 3))
        changed[place : place + length] = data.draw(
            st.one_of(
                st.binary(max_size=3), st.text(alphabet="<>/&?!\"' \n", max_size=3).map(str.encode)
            )
        )
    expected = _parsed(bytes(changed))
    _know_the_blank()

    assert _read(bytes(changed)) == expected


def test_of_labels_that_differ_in_values_the_third_is_not_parsed(counted: list[bytes]) -> None:
    for version in ("1.0", "2.0", "3.17", "3.18"):
        read_label(label(version=version))

    assert len(counted) == 2


@pytest.mark.parametrize(
    "change",
    [
        lambda data: data.replace(b"\n", b"\r\n"),
        lambda data: data.replace(b">first<", b">fi<!-- -->rst<"),
        lambda data: data.replace(b">first<", b">fi&#114;st<"),
        lambda data: data.replace(b"<nothing/>", b"<nothing>now</nothing>"),
        lambda data: data.replace(b"<nothing/>", b'<nothing unit=">"/>'),
        lambda data: data.replace(b"<Note>", b"<?a >?><Note>"),
        lambda data: data.replace(b"<Note>", b"<?a > <b?><Note>"),
        lambda data: data.replace(b">first<", b">a<?b?>c<"),
        lambda data: data.replace(b"</Note>", b"</Note>" + b" " * LARGEST),
    ],
    ids=range(9),
)
def test_a_label_with_other_marks_is_parsed(
    change: Callable[[bytes], bytes], counted: list[bytes]
) -> None:
    _know_the_blank()

    read_label(change(_BLANK))

    assert len(counted) == 3


def test_marks_of_another_kind_at_the_same_places_are_refused() -> None:
    _know_the_blank()

    for old, new in ((b">first<", b"<first<"), (b">first<", b">first>"), (b"<Note>", b">Note>")):
        with pytest.raises(MalformedLabel):
            read_label(_BLANK.replace(old, new))


@pytest.mark.parametrize("value", ["one", "one\ntwo\n\nthree"])
def test_the_lines_of_files_are_those_of_the_label_at_hand(value: str) -> None:
    _know_the_blank()
    data = _with(value.encode(), b"x")

    (file,) = read_label(data).files

    assert file.line == data[: data.index(b"<File>")].count(b"\n") + 1


def test_each_label_of_a_form_names_its_own_target_and_authors() -> None:
    def read(target: str, author: str) -> tuple[str, str]:
        cited = f"<Citation_Information><author_list>{author}</author_list></Citation_Information>"
        named = TARGET.replace("<name>Moon<", f"<name>{target}<")
        product = read_label(label(observation(target=named), identification=cited))
        return product.targets[0].name, product.citation.authors

    growing.forget_blanks()
    told = [("Moon", "A"), ("Moon", "A"), ("Moon", "A"), ("Earth", "A"), ("Earth", "B")]

    assert [read(*each) for each in told] == told


def test_blanks_are_not_remembered_without_end() -> None:
    growing.forget_blanks()
    for number in range(40):
        for _ in range(2):
            read_label(label("<Note>" + f"<n{number}/>" * 5_000 + "</Note>"))

    kept = growing._blanks._blanks.values()
    assert 0 < sum(blank._size for blank in kept) <= 1 << 18
