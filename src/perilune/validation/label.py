"""A label as every check is given it: its bytes, its elements, and where it lies."""

import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from lxml import etree

from perilune.errors import MalformedLabel
from perilune.formats import xml
from perilune.formats.pds4.grow import PDS
from perilune.validation.report import Message, Severity

_IDENTIFICATION = f"{{{PDS}}}Identification_Area"
_LID = f"{{{PDS}}}logical_identifier"
_VERSION = f"{{{PDS}}}version_id"
_MODEL = re.compile(rb"<\?xml-model\s(?P<text>.*?)\?>", re.DOTALL)
_PSEUDO_ATTRIBUTE = re.compile(r"""([A-Za-z_][\w.-]*)\s*=\s*(?:"([^"]*)"|'([^']*)')""")


@dataclass(frozen=True, kw_only=True)
class Label:
    """A well-formed label of a PDS4 product."""

    path: str
    """Relative to what is checked, with forward slashes."""
    place: Path
    """The file itself; names in the label are relative to its folder."""
    data: bytes
    root: etree._Element
    """Without comments and processing instructions; see `perilune.formats.xml.parse`."""

    @property
    def product_class(self) -> str:
        """Name of the root element, ``Product_Observational`` for instance."""
        return etree.QName(self.root).localname

    @cached_property
    def lid(self) -> str:
        """Logical identifier as written, white space at its ends taken away; may be empty."""
        return self._identification(_LID)

    @cached_property
    def version(self) -> str:
        """Version as written; may be empty."""
        return self._identification(_VERSION)

    @cached_property
    def lidvid(self) -> str | None:
        """LID and version as written; None where the label lacks one."""
        return f"{self.lid}::{self.version}" if self.lid and self.version else None

    @property
    def models(self) -> list[dict[str, str]]:
        """Pseudo-attributes of each xml-model instruction: href, schematypens and so on."""
        head = self.data[: max(self.data.find(b"<Product"), 0) or len(self.data)]
        return [
            {
                match[1]: match[2] if match[2] is not None else match[3]
                for match in _PSEUDO_ATTRIBUTE.finditer(found["text"].decode("utf-8", "replace"))
            }
            for found in _MODEL.finditer(head)
        ]

    def _identification(self, name: str) -> str:
        area = self.root.find(_IDENTIFICATION)
        return "" if area is None else (area.findtext(name) or "").strip()


def read_label(path: str, place: Path) -> Label | Message:
    """The label at ``place``, or what keeps it from being read."""
    try:
        data = place.read_bytes()
        return Label(path=path, place=place, data=data, root=xml.parse(data))
    except MalformedLabel as error:
        reason, line = error.reason, error.line
    except OSError as error:
        reason, line = f"cannot be read: {error.strerror}", None
    return Message(
        severity=Severity.ERROR,
        type="error.label.schema",
        path=path,
        line=line,
        message=reason,
        found=reason,
        expected="well-formed XML",
    )
