"""Headers and kernels: FITS cards by hand after FITS Standard 4.0, and NAIF's own kernels."""

from collections.abc import Callable
from pathlib import Path

import pytest

from perilune.testing.data_objects import array, binary, field, product, stream
from perilune.validation.content import check_content
from perilune.validation.label import Label, read_label
from perilune.validation.options import Options

HEADER = "error.content.header_mismatch"


def cards(*pairs: tuple[str, str], first: str = "SIMPLE", value: str = "T") -> bytes:
    """A header of one block."""
    lines = [f"{first:8}= {value:>20}", *(f"{name:8}= {text:>20}" for name, text in pairs), "END"]
    return "".join(f"{line:80}" for line in lines).ljust(2880).encode()


IMAGE = cards(("BITPIX", "16"), ("NAXIS", "2"), ("NAXIS1", "3"), ("NAXIS2", "2"))
BLOCK = stream("Header", "FITS 4.0", length=2880)


@pytest.mark.parametrize(
    ("header", "objects", "wrong"),
    [
        (IMAGE, BLOCK + array("SignedMSB2", [2, 3], offset=2880), ""),
        (IMAGE, BLOCK + array("SignedMSB2", [2, 1, 3], offset=2880), ""),
        (IMAGE, BLOCK + array("SignedMSB2", [3, 2], offset=2880), "NAXISn"),
        (IMAGE, BLOCK + array("IEEE754MSBSingle", [2, 3], offset=2880), "BITPIX"),
        (IMAGE, BLOCK + array("SignedLSB2", [2, 3], offset=2880), "BITPIX"),
        (IMAGE, BLOCK + array("SignedMSB2", [2, 2], offset=2882), "begin at byte 2880"),
        (IMAGE, BLOCK.replace(">2880<", ">2800<"), "object_length is 2800"),
        (b"SIMPLER".ljust(2880), BLOCK, "begins with"),
        (IMAGE.replace(b"END", b"   "), BLOCK, "no END"),
    ],
)
def test_a_fits_header_agrees_with_the_image_after_it(
    header: bytes, objects: str, wrong: str, tmp_path: Path
) -> None:
    label = product(tmp_path, objects, header + bytes(24))

    told = [(message.type, message.message) for message in check_content(label, Options())]

    assert [kind for kind, _ in told] == ([HEADER] if wrong else [])
    assert all(wrong in words for _, words in told)


@pytest.mark.parametrize(("length", "records", "faults"), [(8, 3, 0), (4, 3, 1), (4, 6, 2)])
def test_a_fits_table_agrees_with_the_table_after_it(
    length: int, records: int, faults: int, tmp_path: Path
) -> None:
    sizes = (("BITPIX", "8"), ("NAXIS", "2"), ("NAXIS1", "8"), ("NAXIS2", "3"))
    header = cards(*sizes, first="XTENSION", value="'BINTABLE'")
    table = binary([field("Binary", "SignedMSB4", (1, 4))], length, records, offset=2880)
    label = product(tmp_path, BLOCK + table, header + bytes(24))

    told = [message.type for message in check_content(label, Options())]

    assert told == [HEADER] * faults


def test_kernels_of_the_samples_are_of_the_kind_that_their_labels_say(
    shared: Callable[[str], Path],
) -> None:
    root = shared("data/pds4/samples/spice-bundles-npb")
    looked_at = 0

    for path in sorted(root.rglob("*.xml")):
        label = read_label(str(path.relative_to(root)), path)
        if not isinstance(label, Label) or label.product_class != "Product_SPICE_Kernel":
            continue
        told = [message for message in check_content(label, Options()) if "kernel" in message.type]
        looked_at += 1
        assert not told, told[0].message

    assert looked_at > 50


@pytest.mark.parametrize(
    ("said", "begin", "faults"),
    [
        ("PCK", b"DAF/PCK ", 0),
        ("PCK", b"KPL/PCK\n", 0),
        ("DSK", b"DAS/DSK ", 0),
        ("CK", b"DAFETF NAIF", 1),
        ("FK", b"a note\n\\begindata\n", 0),
        ("FK", b"a note\n", 1),
        ("MK", b"KPL/MK\n", 0),
        ("IK", b"KPL/FK\n", 1),
    ],
)
def test_a_kernel_says_itself_what_it_is(
    said: str, begin: bytes, faults: int, tmp_path: Path
) -> None:
    kind = f"<kernel_type>{said}</kernel_type>"
    label = product(tmp_path, stream("SPICE_Kernel", "SPICE", rest=kind), begin)

    assert len(list(check_content(label, Options()))) == faults


@pytest.mark.parametrize("size", [1, 2, 3, 1 << 20])
def test_utf8_is_checked_across_windows(
    size: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("perilune.validation.content.streams.WINDOW", size)
    text = "Луна 🌑 月".encode()
    ascii_only = stream("Stream_Text", "UTF-8 Text")

    right = list(check_content(product(tmp_path, ascii_only, text), Options()))
    wrong = list(check_content(product(tmp_path, ascii_only, text[:-1]), Options()))

    assert not right
    assert [message.type for message in wrong] == ["error.content.encoding_mismatch"]
    with pytest.raises(UnicodeDecodeError):
        text[:-1].decode()
