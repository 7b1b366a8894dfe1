"""Inventories of collections, in every form met in archives."""

import pytest

from perilune.errors import MalformedLabel
from perilune.formats.pds4.inventory import read_inventory
from perilune.model.identifier import Lid, Lidvid
from perilune.model.product import Member

_IMAGE = Lidvid.parse("urn:nasa:pds:luna:data:image::1.0")
_OTHER = Lid("urn:nasa:pds:luna:document:guide")
_BOTH = (Member(_IMAGE, is_primary=True), Member(_OTHER, is_primary=False))


@pytest.mark.parametrize(
    "text",
    [
        f"P,{_IMAGE}\r\nS,{_OTHER}\r\n",
        f"P,{_IMAGE}\nS,{_OTHER}\n",
        f"P,{_IMAGE}\nS,{_OTHER}",
        f"\ufeffP,{_IMAGE}\nS,{_OTHER}\n\n",
        f"P, {_IMAGE}          \r\nS, {_OTHER}     \r\n",
        f'"P","{_IMAGE}"\n"S","{_OTHER}"\n',
        f"P {_IMAGE}  \nS {_OTHER}\n",
        f"P\t{_IMAGE}\nS\t{_OTHER}\n",
    ],
    ids=["CRLF", "LF", "no last LF", "mark", "padded", "quoted", "blanks", "tabs"],
)
def test_every_form_of_an_inventory_is_read(text: str) -> None:
    assert read_inventory(text.encode()) == _BOTH


def test_an_empty_inventory_has_no_members() -> None:
    assert read_inventory(b"") == ()


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"P,urn:nasa:pds:luna:data:image::1.0\nX,urn:nasa:pds:a", "line 2: .*P or S, not 'X,urn"),
        (b"\r\n\r\nP,image.img\r\n", "line 3: inventory: not a LID: 'image.img'"),
        (b"P,urn:nasa:pds:luna:data:IMAGE::1.0", "line 1: .*not a LID.*IMAGE"),
        (b"P,urn:nasa:pds:luna:data:image::1", "line 1: .*not a LIDVID"),
        (b"P,urn:nasa:pds:a:b:c::1.0,extra", "line 1: .*not a LIDVID"),
        (b"urn:nasa:pds:luna:data:image::1.0", "line 1: .*P or S"),
        (b"Purn:nasa:pds:luna:data:image::1.0", "line 1: .*P or S"),
        (b"P,urn:nasa:pds:luna\n\xff\xfe", "line 2: inventory: not UTF-8"),
        (b"P,urn:nasa:pds:luna\x00", "line 1: .*not a LID"),
    ],
)
def test_a_malformed_line_is_named_with_its_value(data: bytes, reason: str) -> None:
    with pytest.raises(MalformedLabel, match=reason):
        read_inventory(data)
