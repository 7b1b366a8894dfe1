"""The words by which a product is counted and found: those of its facets, those of its text.

Text is cut into words here and nowhere else, so that every catalogue finds the same: letters and
digits in lower case without accents, each sign of Chinese or Japanese a word by itself.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType

from perilune.model.product import ContextName, Product
from perilune.model.programme import sections

_ASCII_WORD = re.compile(r"[a-z0-9]+")
_WORD = re.compile(
    r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"
    r"|[^\W_\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]+"
)
_LONGEST_WORD = 64
_MOST_YEARS = 200

Words = tuple[str, ...]


def words(text: str) -> list[str]:
    """The words of ``text`` in order."""
    if text.isascii():
        found = _ASCII_WORD.findall(text.lower())
    else:
        plain = unicodedata.normalize("NFKD", text.casefold())
        bare = "".join(char for char in plain if not unicodedata.combining(char))
        found = _WORD.findall(bare)
    return [word[:_LONGEST_WORD] for word in found]


@dataclass(frozen=True, slots=True)
class Phrase:
    """Words that must follow each other; the last may be the beginning of a longer one."""

    words: Words
    is_open: bool


def phrases(text: str) -> tuple[Phrase, ...]:
    """What ``text`` asks for: each word of it (``lunar``, ``LRO-LAMP``, ``reg*``) is a phrase."""
    found = (Phrase(tuple(words(part)), part.endswith("*")) for part in text.split())
    return tuple(phrase for phrase in found if phrase.words)


def searchable(product: Product) -> tuple[list[str], ...]:
    """The words of title, identifier, description, keywords and context names."""
    names = (*product.investigations, *product.hosts, *product.instruments, *product.targets)
    return (
        words(product.title),
        words(product.id.lid.text),
        words(product.citation.description),
        words(" ".join(product.citation.keywords)),
        words(" ".join(name.name for name in names)),
    )


def _names(context: Iterable[ContextName]) -> Words:
    return tuple(dict.fromkeys(name.name for name in context if name.name))


def _one(word: str) -> Words:
    return (word,) if word else ()


@lru_cache(maxsize=1_024)
def _years(first: int, last: int) -> Words:
    if not 0 <= last - first < _MOST_YEARS:
        return (f"{first:04d}", f"{last:04d}")
    return tuple(f"{year:04d}" for year in range(first, last + 1))


def _observed(product: Product) -> Words:
    if product.time is None:
        return ()
    start, stop = product.time.start or product.time.stop, product.time.stop or product.time.start
    return () if start is None or stop is None else _years(start.year, stop.year)


def _collection(product: Product) -> Words:
    parent = product.id.lid.parent
    return () if parent is None else (parent.text,)


FACET_WORDS: Mapping[str, Callable[[Product], Words]] = MappingProxyType(
    {
        "mission": lambda product: _names(product.investigations),
        "host": lambda product: _names(product.hosts),
        "instrument": lambda product: _names(product.instruments),
        "target": lambda product: _names(product.targets),
        "level": lambda product: _one(product.processing_level),
        "class": lambda product: _one(product.product_class),
        "collection": _collection,
        "authority": lambda product: _one(product.id.lid.authority),
        "section": sections,
        "year": _observed,
        "simulated": lambda product: ("yes",) if product.is_simulated else (),
    }
)
"""For each of `perilune.catalogue.query.FACETS`: the words of a product.

Of a time longer than 200 years only the first and the last year count.
"""


def most_frequent_first(counts: Mapping[str, int]) -> dict[str, int]:
    """The words that occur, most frequent first, then by code point."""
    found = ((word, count) for word, count in counts.items() if count)
    return dict(sorted(found, key=lambda pair: (-pair[1], pair[0])))
