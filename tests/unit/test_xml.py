"""The parser for bytes from elsewhere: hostile ones cost a clear refusal, and no time."""

import socket
import time
from collections.abc import Iterator

import pytest

from perilune.errors import MalformedLabel
from perilune.formats.pds4.label import read_label
from perilune.formats.xml import MAX_BYTES, parse
from perilune.testing.labels import label

_ENTITIES = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 11))

HOSTILE = {
    "billion laughs": (
        f'<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a0 "lol">{_ENTITIES}]><l>&a10;</l>'.encode(),
        "DOCTYPE",
    ),
    "quadratic entities": (
        b'<!DOCTYPE l [<!ENTITY a "' + b"x" * 100_000 + b'">]><l>' + b"&a;" * 20_000 + b"</l>",
        "DOCTYPE",
    ),
    "entity of a file": (
        b'<!DOCTYPE l [<!ENTITY x SYSTEM "file:///etc/passwd">]><l>&x;</l>',
        "DOCTYPE",
    ),
    "DOCTYPE behind a comment": (b"<!-- a --><?b c?>\n<!DOCTYPE l><l/>", "DOCTYPE"),
    "DOCTYPE behind a byte-order mark": (b"\xef\xbb\xbf <!DOCTYPE l><l/>", "DOCTYPE"),
    "external DTD": (b'<!DOCTYPE l SYSTEM "http://127.0.0.1:9/x.dtd"><l/>', "DOCTYPE"),
    "entity without declaration": (b"<l>&x;</l>", "'x' not defined"),
    "depth of 100,000": (b"<a>" * 100_000 + b"</a>" * 100_000, "depth"),
    "depth of 300": (b"<a>" * 300 + b"</a>" * 300, "depth"),
    "attribute of 12 MB": (b'<a b="' + b"x" * 12_000_000 + b'"/>', "limit exceeded"),
    "text of 12 MB": (b"<a>" + b"x" * 12_000_000 + b"</a>", "Text node too long"),
    "200,000 attributes": (
        b"<a " + b" ".join(b'b%d="1"' % n for n in range(200_000)) + b"/>",
        "200000 attributes",
    ),
    "two million tags": (b"<a>" + b"<b/>" * 2_000_000 + b"</a>", "tags"),
    "more bytes than any label": (b"<a>" + b" " * MAX_BYTES + b"</a>", f"may have {MAX_BYTES}"),
    "NUL": (b"<a>\n\n\x00</a>", "line 3: holds a NUL byte"),
    "control character": (b"<a>\x01</a>", "line 1"),
    "UTF-16": ("<a/>".encode("utf-16"), "UTF-16"),
    "UTF-16 without mark": ("<a/>".encode("utf-16-be"), "UTF-16"),
    "UTF-32": ("<a/>".encode("utf-32-le"), "UTF-16 or UTF-32"),
    "Latin-1, declared": (
        '<?xml version="1.0" encoding="ISO-8859-1"?><a>é</a>'.encode("latin-1"),
        "'ISO-8859-1'",
    ),
    "Latin-1, not declared": ("<a>é</a>".encode("latin-1"), "line 1"),
    "EBCDIC": ('<?xml version="1.0" encoding="ebcdic-cp-us"?><a/>'.encode("cp037"), "no XML"),
    "nothing": (b"", "empty"),
    "byte-order mark alone": (b"\xef\xbb\xbf", "empty"),
    "prose": (b"OBJECT = IMAGE\r\nEND", "begins with 'OBJECT = IMAGE"),
    "names without end": (b"<" + b"a" * 40_000 + b"></b>", "mismatch"),
    "unfinished": (b"<a><b></a>", "Opening and ending tag mismatch"),
    "comment that never ends": (b"<!--" + b" " * 1_000_000, "line 1"),
    "instructions that never end": (b"<?a" * 300_000, "line 1"),
}


@pytest.mark.parametrize(("data", "reason"), HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_bytes_are_refused_with_a_reason_and_quickly(data: bytes, reason: str) -> None:
    began = time.perf_counter()

    with pytest.raises(MalformedLabel) as refused:
        read_label(data)

    assert reason in str(refused.value)
    assert len(str(refused.value)) < 400
    assert time.perf_counter() - began < 5.0


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.2)
        yield server


def test_nothing_is_fetched_while_parsing(listener: socket.socket) -> None:
    address = f"http://127.0.0.1:{listener.getsockname()[1]}/x"
    data = f"""<?xml-model href="{address}"?><?xml-stylesheet href="{address}"?>
<l xmlns:xi="http://www.w3.org/2001/XInclude" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
 xsi:schemaLocation="{address} {address}"><xi:include href="{address}"/>
 <xi:include href="file:///etc/passwd" parse="text"/></l>"""

    root = parse(data.encode())

    assert [child.text for child in root] == [None, None]
    with pytest.raises(TimeoutError):
        listener.accept()


def test_the_word_doctype_within_a_label_is_no_declaration() -> None:
    data = label(
        identification="<!-- <!DOCTYPE x> --><Alias_List><Alias><alternate_title>"
        "<![CDATA[<!DOCTYPE x>]]></alternate_title></Alias></Alias_List>"
    )

    found = dict(read_label(data).properties)

    assert found["pds:Alias.pds:alternate_title"] == ("<!DOCTYPE x>",)


def test_a_comment_does_not_split_a_value() -> None:
    assert parse(b"<a>moon<!-- and -->light<?or x?> it is</a>").text == "moonlight it is"


def test_a_byte_order_mark_is_no_fault() -> None:
    assert read_label(b"\xef\xbb\xbf" + label()) == read_label(label())


def test_ten_thousand_attributes_are_allowed_but_not_one_more() -> None:
    def element(count: int) -> bytes:
        return b"<a " + b" ".join(b'b%d="1"' % n for n in range(count)) + b"/>"

    assert len(parse(element(10_000)).attrib) == 10_000
    with pytest.raises(MalformedLabel, match="10001 attributes"):
        parse(element(10_001))
