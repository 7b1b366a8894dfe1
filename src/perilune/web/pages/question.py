"""What the search page is asked: read from an address, and written back as one that lasts."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal
from urllib.parse import urlencode

from starlette.datastructures import QueryParams

from perilune.access.cursor import read_cursor
from perilune.catalogue.query import Cap, Query, Sort
from perilune.errors import BadQuestion
from perilune.model.timespan import read_utc
from perilune.web.pages import words

PAGE_SIZE = 20
MOST_ON_PAGE = 500
MOST_ON_MAP = 500
View = Literal["south", "north", "global"]
VIEWS: tuple[View, ...] = ("south", "north", "global")

SORTS: Mapping[str, tuple[Sort, ...]] = {
    "-accessioned": (Sort("accessioned", descending=True),),
    "accessioned": (Sort("accessioned"),),
    "-start": (Sort("start", descending=True), Sort("accessioned", descending=True)),
    "start": (Sort("start"), Sort("accessioned")),
    "title": (Sort("title"), Sort("accessioned")),
    "lid": (Sort("lid"), Sort("accessioned")),
    "-bytes": (Sort("bytes", descending=True), Sort("accessioned", descending=True)),
}
FIRST_SORT = "-accessioned"


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One state of the search page. What is empty narrows nothing and is left out of addresses."""

    words: str = ""
    facets: tuple[tuple[str, tuple[str, ...]], ...] = ()
    site: str = ""
    """A name, or latitude and longitude."""
    radius: str = ""
    """Kilometres; empty takes what suits the place."""
    start: str = ""
    stop: str = ""
    sort: str = FIRST_SORT
    view: str = ""
    after: str = ""
    """Where this page begins."""
    until: str = ""
    """Where this page ends, when turning back."""
    number: int = 1
    """Number of this page's first hit."""
    size: int = PAGE_SIZE
    """Hits on a page."""

    @property
    def narrows(self) -> bool:
        """Whether anything but a site narrows the answer."""
        return bool(self.words or self.facets or self.start or self.stop)

    def chosen(self, facet: str) -> tuple[str, ...]:
        """Words chosen of a facet."""
        return next((found for name, found in self.facets if name == facet), ())

    def without(self, facet: str, word: str) -> "Question":
        """The same question with one word of a facet let go."""
        kept = (
            (name, tuple(each for each in found if name != facet or each != word))
            for name, found in self.facets
        )
        return replace(self.first_page(), facets=tuple((n, found) for n, found in kept if found))

    def first_page(self) -> "Question":
        """The same question from its first page."""
        return replace(self, after="", until="", number=1)

    def parameters(self) -> list[tuple[str, str]]:
        """Names and values of an address, always in one order."""
        facets = [(name, word) for name, found in self.facets for word in found]
        rest = {
            "site": self.site,
            "radius": self.radius,
            "from": self.start,
            "to": self.stop,
            "sort": "" if self.sort == FIRST_SORT else self.sort,
            "view": self.view,
            "after": self.after,
            "until": self.until,
            "n": str(self.number) if self.number > 1 else "",
            "limit": str(self.size) if self.size != PAGE_SIZE else "",
        }
        pairs = [("q", self.words), *facets, *rest.items()]
        return [(name, value) for name, value in pairs if value]

    def address(self, path: str = "/") -> str:
        """An address that asks this again."""
        written = urlencode(self.parameters(), safe=":,")
        return f"{path}?{written}" if written else path

    def query(self, site: Cap | None) -> Query:
        """The question to the catalogue; raise `BadQuestion` where a time cannot be read."""
        return Query(
            text=self.words,
            facets=tuple((name, frozenset(found)) for name, found in self.facets),
            site=site,
            after=_instant(self.start) if self.start else None,
            before=_end(self.stop) if self.stop else None,
            sort=SORTS[self.sort],
            cursor=read_cursor(place) if (place := self.until or self.after) else None,
            limit=self.size,
            count=tuple(words.FACETS),
        )


def read_question(parameters: QueryParams) -> Question:
    """What an address asks; raise `BadQuestion` where it cannot be read."""
    given = {name: parameters.get(name, "").strip() for name in _SINGLE}
    sort, view = given["sort"] or FIRST_SORT, given["view"]
    if sort not in SORTS:
        raise BadQuestion(f"no such order: {sort[:80]!r}")
    if view and view not in VIEWS:
        raise BadQuestion(f"no such map: {view[:80]!r}")
    facets = ((name, tuple(dict.fromkeys(parameters.getlist(name)))) for name in words.FACETS)
    return Question(
        words=given["q"],
        facets=tuple((name, kept) for name, found in facets if (kept := _kept(found))),
        site=given["site"],
        radius=given["radius"],
        start=given["from"],
        stop=given["to"],
        sort=sort,
        view=view,
        after=given["after"],
        until=given["until"],
        number=int(given["n"]) if given["n"].isdecimal() and len(given["n"]) < 10 else 1,
        size=_size(given["limit"]),
    )


_SINGLE = ("q", "site", "radius", "from", "to", "sort", "view", "after", "until", "n", "limit")


def _size(text: str) -> int:
    if not text:
        return PAGE_SIZE
    if not text.isdecimal() or len(text) > 9 or int(text) < 1:
        raise BadQuestion(f"no number of products: {text[:80]!r}")
    return min(int(text), MOST_ON_PAGE)


def _kept(found: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(word for word in found if word)


def _instant(text: str) -> datetime:
    try:
        return read_utc(text)[0]
    except (ValueError, OverflowError) as error:
        raise BadQuestion(f"no date or time: {text[:80]!r}; write 2028-10-14") from error


def _end(text: str) -> datetime:
    """The last instant that ``text`` can mean: a day includes its evening."""
    try:
        first, precision = read_utc(text)
        return first + timedelta(seconds=precision) - timedelta(microseconds=1)
    except (ValueError, OverflowError) as error:
        raise BadQuestion(f"no date or time: {text[:80]!r}; write 2028-10-14") from error
