"""Objects of a PDF/A-1: streams, fonts, colours, transparency, actions and annotations.

Source: ISO 19005-1:2005, clauses 6.1 to 6.6. Every indirect object is looked at once, whatever
refers to it; content streams are searched for colours within a limit.
"""

import re
import zlib
from collections.abc import Iterator

import pikepdf

_MOST_OBJECTS = 500_000
_MOST_VALUES = 5_000_000
_DEEPEST = 64
_MOST_CONTENT = 32 << 20
"""Bytes of content, unpacked, that are searched for colours."""
_ACTIONS = frozenset(
    (
        *("/Launch", "/Sound", "/Movie", "/ResetForm", "/ImportData", "/JavaScript"),
        *("/Hide", "/SetOCGState", "/Rendition", "/Trans", "/GoTo3DView"),
    )
)
_NAMED = frozenset(("/NextPage", "/PrevPage", "/FirstPage", "/LastPage"))
_ANNOTATIONS = frozenset(
    (
        *("/Text", "/Link", "/FreeText", "/Line", "/Square", "/Circle", "/Highlight", "/Underline"),
        *("/Squiggly", "/StrikeOut", "/Stamp", "/Ink", "/Popup", "/Widget", "/PrinterMark"),
        "/TrapNet",
    )
)
_BLENDS = frozenset(("/Normal", "/Compatible"))
_PRINT, _NOT_SEEN = 4, 1 | 2 | 32
_FONTS = frozenset(("/Type1", "/MMType1", "/TrueType", "/CIDFontType0", "/CIDFontType2"))
_STRING = re.compile(rb"\((?:[^()\\]|\\.)*\)", re.DOTALL)
_COLOUR = re.compile(rb"(?:^|[\s\]>])(?:[-+.\d]+\s+){1,4}(rg|RG|g|G|k|K)(?=[\s/\[<]|$)")
_SPACES = {b"rg": "/DeviceRGB", b"g": "/DeviceGray", b"k": "/DeviceCMYK"}
_DEVICES = frozenset(_SPACES.values())
_OF_PROFILE = {
    b"RGB ": frozenset(("/DeviceRGB", "/DeviceGray")),
    b"CMYK": frozenset(("/DeviceCMYK", "/DeviceGray")),
    b"GRAY": frozenset(("/DeviceGray",)),
}


def faults_of_objects(document: pikepdf.Pdf) -> Iterator[str]:
    """What is wrong with the objects, each with its clause."""
    if len(document.objects) > _MOST_OBJECTS:
        yield f"has more than {_MOST_OBJECTS} objects, which is more than are looked at"
        return
    used: set[str] = set()
    left = _MOST_CONTENT
    for found in _dictionaries(document):
        yield from _of_dictionary(found)
        if isinstance(found, pikepdf.Stream):
            yield from _of_stream(found)
            if left > 0 and _is_content(found):
                content = _unpacked(found, left)
                left -= len(content)
                used |= _colours(content)
        used |= {str(each) for each in _device_spaces(found)}
    yield from _of_colours(document, used)
    yield from _of_pages(document)


def _dictionaries(document: pikepdf.Pdf) -> Iterator[pikepdf.Object]:
    """Every dictionary and stream, those within others too."""
    left = _MOST_VALUES
    for indirect in document.objects:
        waiting: list[tuple[pikepdf.Object, int]] = [(indirect, 0)]
        while waiting:
            value, depth = waiting.pop()
            left -= 1
            if left < 0 or depth > _DEEPEST:
                raise ValueError("pdf: has more values than are looked at")
            if isinstance(value, pikepdf.Dictionary | pikepdf.Stream):
                yield value
                inner = [value.get(key) for key in value.keys()]  # noqa: SIM118 - no mapping
            elif isinstance(value, pikepdf.Array):
                inner = list(value)
            else:
                continue
            waiting += [
                (each, depth + 1)
                for each in inner
                if isinstance(each, pikepdf.Object) and not each.is_indirect
            ]


def _of_dictionary(found: pikepdf.Object) -> Iterator[str]:
    kind, subtype = str(found.get("/Type", "")), str(found.get("/Subtype", ""))
    if kind == "/Font" and subtype in _FONTS:
        yield from _of_font(found)
    if kind == "/ExtGState" or "/SMask" in found or "/ca" in found or "/BM" in found:
        yield from _of_state(found, is_image=subtype == "/Image")
    if "/EF" in found:
        yield "6.1.11: has embedded files"
    action = str(found.get("/S", ""))
    if action in _ACTIONS and kind in ("/Action", ""):
        yield f"6.6.1: has an action {action[1:]}"
    if action == "/Named" and str(found.get("/N", "")) not in _NAMED:
        yield "6.6.1: has a named action that is no turning of pages"
    if "/AA" in found and (subtype == "/Widget" or "/FT" in found):
        yield "6.6.2: has additional actions (AA)"
    if kind == "/Annot" or ("/Rect" in found and subtype in _ANNOTATIONS):
        yield from _of_annotation(found, subtype)
    if action == "/Transparency":
        yield "6.4: has a transparency group"


def _of_font(font: pikepdf.Object) -> Iterator[str]:
    descriptor = font.get("/FontDescriptor")
    files = ("/FontFile", "/FontFile2", "/FontFile3")
    if not isinstance(descriptor, pikepdf.Dictionary) or not any(
        name in descriptor for name in files
    ):
        yield f"6.3.4: does not embed the font {str(font.get('/BaseFont', '?'))[1:80]}"


def _of_state(state: pikepdf.Object, *, is_image: bool) -> Iterator[str]:
    mask = state.get("/SMask")
    if mask is not None and str(mask) != "/None":
        yield "6.4: has a soft mask"
    if is_image:
        return
    if any(_number(state.get(key)) not in (None, 1.0) for key in ("/CA", "/ca")):
        yield "6.4: has objects that are not opaque"
    blend = state.get("/BM")
    if isinstance(blend, pikepdf.Name) and str(blend) not in _BLENDS:
        yield f"6.4: has the blend mode {str(blend)[1:]}"
    if "/TR" in state or str(state.get("/TR2", "/Default")) != "/Default":
        yield "6.2.8: has a transfer function"


def _number(value: object) -> float | None:
    return None if value is None or isinstance(value, pikepdf.Object) else float(str(value))


def _of_annotation(annotation: pikepdf.Object, subtype: str) -> Iterator[str]:
    if subtype not in _ANNOTATIONS:
        yield f"6.5.2: has an annotation {subtype[1:]}"
    if subtype == "/Popup":
        return
    flags = int(_number(annotation.get("/F")) or 0)
    if "/F" not in annotation or not flags & _PRINT or flags & _NOT_SEEN:
        yield "6.5.3: has an annotation that is not printed or not seen"


def _of_stream(stream: pikepdf.Object) -> Iterator[str]:
    if any(key in stream for key in ("/F", "/FFilter", "/FDecodeParms")):
        yield "6.1.7: has a stream outside of the file"
    filters = stream.get("/Filter")
    names = [filters] if isinstance(filters, pikepdf.Name) else list(filters or ())
    if any(str(name) in ("/LZWDecode", "/LZW") for name in names):
        yield "6.1.10: has a stream packed with LZW"
    kind, subtype = str(stream.get("/Type", "")), str(stream.get("/Subtype", ""))
    if kind == "/ObjStm":
        yield "6.1.4: has objects within streams"
    if subtype == "/Image":
        if "/Alternates" in stream or "/OPI" in stream:
            yield "6.2.4: has an image with alternates or OPI"
        if stream.get("/Interpolate", False) is True:
            yield "6.2.4: has an image that is interpolated"
    if subtype == "/PS" or str(stream.get("/Subtype2", "")) == "/PS":
        yield "6.2.7: has PostScript"
    if subtype == "/Form" and ("/Ref" in stream or "/OPI" in stream):
        yield "6.2.5: has a form that refers to outside"


def _is_content(stream: pikepdf.Object) -> bool:
    """Streams that may hold operators: forms, patterns, and contents of pages without type."""
    if str(stream.get("/Subtype", "")) == "/Form" or "/PatternType" in stream:
        return True
    odd = ("/Type", "/Subtype", "/Length1", "/N", "/FunctionType", "/ShadingType")
    return not any(key in stream for key in odd)


def _unpacked(stream: pikepdf.Object, most: int) -> bytes:
    """What a stream holds, up to a limit, unpacked by us so that it can be one."""
    raw = stream.read_raw_bytes()
    filters = stream.get("/Filter")
    if filters is None:
        return raw[:most]
    names = [str(filters)] if isinstance(filters, pikepdf.Name) else [str(each) for each in filters]
    if names not in (["/FlateDecode"], ["/Fl"]) or "/DecodeParms" in stream:
        return b""
    try:
        return zlib.decompressobj().decompress(raw, most)
    except zlib.error:
        return b""


def _colours(content: bytes) -> set[str]:
    bare = _STRING.sub(b"()", content)
    return {_SPACES[match[1].lower()] for match in _COLOUR.finditer(bare)}


def _device_spaces(found: pikepdf.Object) -> Iterator[pikepdf.Object]:
    for key in ("/ColorSpace", "/CS"):
        space = found.get(key)
        if isinstance(space, pikepdf.Name) and str(space) in _DEVICES:
            yield space


def _of_colours(document: pikepdf.Pdf, used: set[str]) -> Iterator[str]:
    allowed: frozenset[str] = frozenset()
    intents = document.Root.get("/OutputIntents")
    for intent in list(intents) if isinstance(intents, pikepdf.Array) else []:
        profile = intent.get("/DestOutputProfile")
        if str(intent.get("/S", "")) == "/GTS_PDFA1" and isinstance(profile, pikepdf.Stream):
            head = _unpacked(profile, 20) or profile.read_bytes()[:20]
            allowed |= _OF_PROFILE.get(bytes(head[16:20]), frozenset())
    for space in sorted(used - allowed):
        yield f"6.2.3: uses {space[1:]} without an output intent for it"


def _of_pages(document: pikepdf.Pdf) -> Iterator[str]:
    for page in document.pages:
        group = page.obj.get("/Group")
        if isinstance(group, pikepdf.Dictionary) and str(group.get("/S", "")) == "/Transparency":
            yield "6.4: has a transparency group"
        if "/AA" in page.obj:
            yield "6.6.2: has additional actions (AA)"
