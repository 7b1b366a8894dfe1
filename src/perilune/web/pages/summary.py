"""A holding in a few words: what lists and headings show of it."""

from typing import Any

from perilune.access.listing import listed
from perilune.access.scripts import TOOLS
from perilune.i18n import language as languages
from perilune.i18n.language import Language
from perilune.model.package import FileEntry
from perilune.model.product import ContextName, Holding
from perilune.model.timespan import TimeSpan
from perilune.web.pages import words
from perilune.web.pages.rendering import to_path

EXTRACT_FORMS = ("zip", "tar", *TOOLS)
"""Forms in which pages offer what they show."""
_PICTURES = (".png", ".jpg", ".jpeg", ".gif")
_LARGEST_THUMB = 400_000
_LARGEST_PICTURE = 25_000_000
_DAY_S = 86_400


def document(holding: Holding) -> dict[str, Any]:
    """What a program gets of a holding in a list."""
    return {**listed(holding), "href": address(holding)}


def card(holding: Holding, language: Language) -> dict[str, Any]:
    """What the page shows of a holding in a list."""
    product = holding.product
    kind = words.of_class(product.product_class, language)
    parts = [
        *_names(product.investigations)[:2],
        *_names(product.instruments)[:2],
        words.of_level(product.processing_level, language) if product.processing_level else kind,
        observed(product.time) if product.time else "",
        language.size(holding.manifest.total_bytes),
    ]
    picture = picture_of(holding, _LARGEST_THUMB) if holding.embargo is None else None
    return {
        "lidvid": str(product.id),
        "title": product.title,
        "href": address(holding),
        "facts": " · ".join(dict.fromkeys(part for part in parts if part)),
        "states": words.states(holding, language),
        "picture": file_address(holding, picture) if picture else "",
    }


def address(holding: Holding) -> str:
    """Address of the product's page."""
    return f"/products/{to_path(str(holding.product.id))}"


def file_address(holding: Holding, entry: FileEntry) -> str:
    """Address of one of its files."""
    return f"/objects/{to_path(str(holding.product.id))}/{to_path(entry.path)}"


def picture_of(holding: Holding, largest: int = _LARGEST_PICTURE) -> FileEntry | None:
    """The smallest picture among the files that a browser can show; None without one."""
    pictures = [
        entry
        for entry in holding.manifest.files
        if entry.name.lower().endswith(_PICTURES) and 0 < entry.size <= largest
    ]
    return min(pictures, key=lambda entry: (entry.size, entry.path), default=None)


def observed(span: TimeSpan) -> str:
    """When it was observed: to the minute, or to the day where the label says no more."""
    moments = [moment for moment in (span.start, span.stop) if moment]
    return languages.interval(moments, to_the_day=span.uncertainty_s >= _DAY_S)


def _names(found: tuple[ContextName, ...]) -> list[str]:
    return list(dict.fromkeys(each.name for each in found if each.name))
