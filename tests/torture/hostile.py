"""Hostile and absurd inputs for the check, each from its number alone: labels, data, schemas.

A seed is a product that is right: simulated ones, real ones where they are at hand, and one with
a picture, a recording or a document. One to three things are done to it.
"""

import io
import os
import re
import shutil
import wave
from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from random import Random

import pikepdf
from lxml import etree
from PIL import Image

from perilune.mission.simulate import write_bundle
from perilune.testing.labels import label

_PDS = "{http://pds.nasa.gov/pds4/pds/v1}"
_LARGEST = 200_000
"""Bytes of a real file that is taken for a seed."""
ABSURD = (
    *("", " ", "0", "-1", "-0", "+", "1e308", "1e-400", "1e99999", "NaN", "inf", "0x10", "9" * 400),
    *("9223372036854775808", "18446744073709551616", "4294967297", "1" + "0" * 5_000, "1.5", "٣"),
    *("../../../../etc/passwd", "/dev/zero", "/dev/stdin", "file:///etc/passwd", ".", "..", "a/b"),
    *("http://127.0.0.1:1/x.xsd", "https://pds.nasa.gov/pds4/x.sch", "//host/share", "\\\\host\\x"),
    *("2024-02-30", "9999-99-99T99:99:99Z", "-9999", "2016-12-31T23:59:60Z", "\U0001f4a9" * 200),
    *(
        "%s%n",
        "%00",
        "$(reboot)",
        "{{7*7}}",
        "a" * 70_000,
        "urn:nasa:pds",
        "urn::::",
        "::1.0",
        "\x85",
    ),
    *(
        "%99999d",
        "%-0.99999e",
        "16#FF#",
        "UnsignedMSB8",
        "ComplexLSB16",
        "ASCII_Real",
        "IEEE754MSBDouble",
    ),
)
HOSTILE_SCHEMATRON = (
    '<sch:schema xmlns:sch="http://purl.oclc.org/dsdl/schematron" queryBinding="xslt2">'
    '<sch:ns uri="http://pds.nasa.gov/pds4/pds/v1" prefix="pds"/><sch:pattern><sch:rule '
    'context="{context}"><sch:assert test="{test}">x</sch:assert></sch:rule></sch:pattern>'
    "</sch:schema>"
)
HOSTILE_XPATH = (
    *("count(1 to 999999999) gt 0", "doc('file:///etc/passwd')", "unparsed-text('/etc/passwd')"),
    *("for $a in //*, $b in //*, $c in //*, $d in //* return 1", "matches(., '(a+)+$')"),
    *("environment-variable('HOME')", "string-length(string-join(//*, ''))", "1 div 0", "(((((1"),
    *("collection('.')", "replace(., '(.*)*', 'x')", "//*//*//*//*", "pds:nonsense(1)"),
)


@dataclass(frozen=True, slots=True)
class Seed:
    """A product that is right: its label and the files beside it."""

    label: bytes
    files: tuple[tuple[str, bytes], ...]


def seeds(folder: Path, real: Path | None) -> list[Seed]:
    """What is to be spoilt; ``folder`` is for what is made on the way."""
    bundle = folder / "bundle"
    write_bundle(bundle)
    found = [_documented(name, kind, data) for name, kind, data in _documents()]
    found += _products(bundle)
    if real is not None:
        found += _products(real)
    shutil.rmtree(bundle)
    return found


def _products(root: Path) -> list[Seed]:
    found = []
    for path in sorted(root.rglob("*")):
        if path.suffix.lower() not in (".xml", ".lblx") or not path.is_file():
            continue
        data = path.read_bytes()
        if len(data) > _LARGEST or b"<Product_" not in data:
            continue
        names = re.findall(rb"<file_name>\s*([A-Za-z0-9_.-]+)\s*</file_name>", data)
        places = [path.parent / name.decode() for name in dict.fromkeys(names)]
        files = [each for each in places if each.is_file() and each.stat().st_size <= _LARGEST]
        found.append(Seed(data, tuple((each.name, each.read_bytes()) for each in files[:4])))
    return found


def _documents() -> list[tuple[str, str, bytes]]:
    found = []
    for name, kind in (("a.jpg", "JPEG"), ("a.png", "PNG"), ("a.gif", "GIF"), ("a.tif", "TIFF")):
        picture = io.BytesIO()
        Image.effect_noise((20, 10), 60.0).save(picture, kind)
        found.append((name, kind, picture.getvalue()))
    sound = io.BytesIO()
    with wave.open(sound, "wb") as written:
        written.setnchannels(1)
        written.setsampwidth(2)
        written.setframerate(8000)
        written.writeframes(bytes(400))
    found.append(("a.wav", "WAV", sound.getvalue()))
    page = io.BytesIO()
    with pikepdf.new() as document:
        document.add_blank_page()
        document.save(page)
    return [
        *found,
        ("a.pdf", "PDF/A", page.getvalue()),
        ("a.mp4", "MP4/H.264", b"\0\0\0\x18ftypmp42"),
    ]


def _documented(name: str, kind: str, data: bytes) -> Seed:
    document = (
        f"<Document><Document_Edition><Document_File><file_name>{name}</file_name>"
        f"<document_standard_id>{kind}</document_standard_id></Document_File>"
        "</Document_Edition></Document>"
    )
    return Seed(label(document, product_class="Product_Document"), ((name, data),))


def spoil(number: int, base: int, seeds: Sequence[Seed], folder: Path) -> None:
    """Write the input of that number, of the series ``base``, into an empty folder."""
    chance = Random(f"{base}-{number}")
    seed = chance.choice(seeds)
    data, files = seed.label, dict(seed.files)
    name = chance.choice(("label.xml", "label.xml", "label.lblx", "bundle.xml", "collection.xml"))
    for _ in range(chance.choice((1, 1, 2, 3))):
        what = chance.random()
        if what < 0.45:
            data = _with_elements_spoilt(data, chance)
        elif what < 0.75:
            data = chance.choice(_BYTES)(data, chance)
        elif files:
            own = chance.choice(list(files))
            files[own] = chance.choice(_BYTES)(files[own], chance)
    (folder / name).write_bytes(data)
    for own, content in files.items():
        (folder / own).write_bytes(content)
    if chance.random() < 0.2:
        chance.choice(_PLACES)(folder, list(files) or [name], chance)


def _with_elements_spoilt(data: bytes, chance: Random) -> bytes:
    try:
        root = etree.fromstring(data, etree.XMLParser(resolve_entities=False, huge_tree=True))
    except (etree.XMLSyntaxError, ValueError):
        return data
    elements = [each for each in root.iter() if isinstance(each.tag, str)]
    for _ in range(chance.choice((1, 1, 1, 3, 10))):
        chance.choice(_ELEMENTS)(chance.choice(elements), root, chance)
    head = data.partition(b"<Product_")[0] if b"<Product_" in data else b""
    return head + etree.tostring(root, encoding="utf-8")


def _revalued(each: etree._Element, _: etree._Element, chance: Random) -> None:
    text = chance.choice(ABSURD)
    each.text = re.sub("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "", text)


def _leaf_revalued(_: etree._Element, root: etree._Element, chance: Random) -> None:
    leaves = [each for each in root.iter() if isinstance(each.tag, str) and not len(each)]
    _revalued(chance.choice(leaves), root, chance)


def _number_revalued(_: etree._Element, root: etree._Element, chance: Random) -> None:
    """Offsets, sizes, counts, lengths: the numbers that steer how data are read."""
    numbers = [
        each for each in root.iter() if (each.text or "").strip().isdecimal() and not len(each)
    ]
    if numbers:
        one = chance.choice(numbers)
        value = int((one.text or "0").strip()[:18])
        one.text = str(
            chance.choice((value + 1, value - 1, value * 1000, -value, 0, 2**31, 2**63, 2**64 - 1))
        )


def _removed(each: etree._Element, _: etree._Element, __: Random) -> None:
    if (parent := each.getparent()) is not None:
        parent.remove(each)


def _doubled(each: etree._Element, _: etree._Element, chance: Random) -> None:
    if each.getparent() is not None:
        for _ in range(chance.choice((1, 1, 30))):
            each.addnext(deepcopy(each))


def _moved(each: etree._Element, root: etree._Element, chance: Random) -> None:
    others = [other for other in root.iter() if isinstance(other.tag, str)]
    chance.choice(others).append(deepcopy(each))


def _renamed(each: etree._Element, _: etree._Element, chance: Random) -> None:
    names = ("Table_Binary", "Array_3D", "Group_Field_Binary", "File", "Inventory", "Header", "x")
    each.tag = chance.choice((_PDS, "{urn:x}", "")) + chance.choice(names)


def _attributed(each: etree._Element, _: etree._Element, chance: Random) -> None:
    xsi = "{http://www.w3.org/2001/XMLSchema-instance}"
    name = chance.choice(("unit", f"{xsi}nil", f"{xsi}type", f"{xsi}schemaLocation", "a"))
    each.set(name, chance.choice(("true", "x " * 30_000, "a", "urn:x label.xml", "-1")))


def _deepened(each: etree._Element, _: etree._Element, chance: Random) -> None:
    inner = each
    for _ in range(chance.choice((30, 250, 2_000))):
        inner = etree.SubElement(inner, chance.choice((f"{_PDS}Group_Field_Binary", "x")))


def _crowded(each: etree._Element, _: etree._Element, chance: Random) -> None:
    for _ in range(chance.choice((300, 3_000))):
        etree.SubElement(each, f"{_PDS}{chance.choice(('Field_Binary', 'Internal_Reference'))}")


_ELEMENTS: tuple[Callable[[etree._Element, etree._Element, Random], None], ...] = (
    *(_revalued, _leaf_revalued, _leaf_revalued, _number_revalued, _number_revalued, _removed),
    *(_doubled, _moved, _renamed, _attributed, _deepened, _crowded),
)


def _cut(data: bytes, chance: Random) -> bytes:
    return data[: chance.randrange(len(data) + 1)]


def _flipped(data: bytes, chance: Random) -> bytes:
    made = bytearray(data or b"x")
    for _ in range(chance.choice((1, 1, 5, 200))):
        made[chance.randrange(len(made))] ^= 1 << chance.randrange(8)
    return bytes(made)


def _inserted(data: bytes, chance: Random) -> bytes:
    place = chance.randrange(len(data) + 1)
    more = chance.choice(
        (b"\0", b"\xff\xfe", b"\r", b"<!--", b"]]>", b"&x;", b"\x1a", b"%", b"\n" * 9)
    )
    return data[:place] + more + data[place:]


def _encoded(data: bytes, chance: Random) -> bytes:
    text = data.decode("utf-8", "replace")
    kind = chance.choice(("utf-16", "utf-32", "latin-1", "utf-7", "cp037"))
    made = text.encode(kind, "replace")
    says = chance.choice((b"UTF-8", b"UTF-16", b"ISO-8859-1", b"EBCDIC", b"nonsense"))
    return (
        made
        if chance.random() < 0.5
        else data.replace(b'encoding="UTF-8"', b'encoding="%s"' % says)
    )


def _with_entities(data: bytes, chance: Random) -> bytes:
    start, found, rest = data.partition(b"<Product_")
    bomb = "".join(f'<!ENTITY e{n + 1} "{f"&e{n};" * 10}">' for n in range(20))
    kinds = (
        f'<!DOCTYPE x [<!ENTITY e0 "lol">{bomb}]>',
        '<!DOCTYPE x [<!ENTITY e0 SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE x SYSTEM "http://127.0.0.1:1/x.dtd">',
        '<!DOCTYPE x [<!ENTITY % e SYSTEM "http://127.0.0.1:1/x"> %e;]>',
    )
    return start + chance.choice(kinds).encode() + found + rest.replace(b"</", b"&e20;</", 1)


def _with_models(data: bytes, chance: Random) -> bytes:
    """Schemas and Schematrons beside the label, some of which lead back to themselves."""
    names = (
        "label.xml",
        "loop.xsd",
        "loop.sch",
        "../",
        "/dev/zero",
        "file:///dev/zero",
        "bomb.sch",
    )
    models = "".join(
        f'<?xml-model href="{chance.choice(names)}" '
        'schematypens="http://purl.oclc.org/dsdl/schematron"?>'
        for _ in range(chance.choice((1, 5, 300)))
    )
    places = re.sub(
        rb'schemaLocation="[^"]*"',
        b'schemaLocation="http://pds.nasa.gov/pds4/pds/v1 loop.xsd urn:x label.xml"',
        data,
    )
    start, found, rest = places.partition(b"<Product_")
    return start + models.encode() + found + rest


def _emptied(_: bytes, __: Random) -> bytes:
    return b""


def _at_random(_: bytes, chance: Random) -> bytes:
    return chance.randbytes(chance.choice((1, 80, 5_000)))


def _lengthened(data: bytes, chance: Random) -> bytes:
    return data + chance.choice((b"\0", b" ", b"\r\n", data[-40:])) * chance.choice((1, 3_000))


def _with_other_ends(data: bytes, chance: Random) -> bytes:
    ends = (b"\r", b"\n\r", b"\n", b"\r\n", b"\x0b", b"")
    return data.replace(b"\r\n", b"\n").replace(b"\n", chance.choice(ends))


_BYTES: tuple[Callable[[bytes, Random], bytes], ...] = (
    *(_cut, _flipped, _flipped, _inserted, _inserted, _encoded, _with_entities, _with_models),
    *(_emptied, _at_random, _lengthened, _with_other_ends),
)


def _sparse(folder: Path, names: list[str], chance: Random) -> None:
    os.truncate(folder / chance.choice(names), chance.choice((10**7, 10**8)))


def _piped(folder: Path, names: list[str], chance: Random) -> None:
    place = folder / chance.choice(names)
    place.unlink(missing_ok=True)
    os.mkfifo(place)


def _linked(folder: Path, names: list[str], chance: Random) -> None:
    place = folder / chance.choice(names)
    place.unlink(missing_ok=True)
    place.symlink_to(chance.choice((place.name, "/dev/zero", "/", ".", "/proc/self/mem")))


def _foldered(folder: Path, names: list[str], chance: Random) -> None:
    place = folder / chance.choice(names)
    place.unlink(missing_ok=True)
    place.mkdir()


def _looped(folder: Path, _: list[str], chance: Random) -> None:
    (folder / "loop.xsd").write_text(
        '<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" '
        'targetNamespace="http://pds.nasa.gov/pds4/pds/v1">'
        '<xs:import namespace="urn:x" schemaLocation="loop.xsd"/>'
        '<xs:include schemaLocation="loop.xsd"/><xs:redefine schemaLocation="loop.xsd"/>'
        '<xs:element name="a" type="b"/></xs:schema>'
    )
    context, test = chance.choice(("pds:*", "//*", "/", "((")), chance.choice(HOSTILE_XPATH)
    for name in ("loop.sch", "bomb.sch"):
        (folder / name).write_text(HOSTILE_SCHEMATRON.format(context=context, test=test))


def _misnamed(folder: Path, names: list[str], chance: Random) -> None:
    more = chance.choice(
        ("a b.xml", "con.xml", "\u202e.xml", "x" * 250, ".xml", "LABEL.XML", "-rf")
    )
    shutil.copy(folder / chance.choice(names), folder / more)


_PLACES: tuple[Callable[[Path, list[str], Random], None], ...] = (
    *(_sparse, _piped, _linked, _foldered, _looped, _looped, _misnamed),
)
