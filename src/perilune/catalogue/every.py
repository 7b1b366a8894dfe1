"""Every hit of a question, page by page."""

from collections.abc import Iterator
from dataclasses import replace

from perilune.catalogue.port import Catalogue
from perilune.catalogue.query import Query
from perilune.model.product import Holding

_PAGE = 500


def every_hit(query: Query, catalogue: Catalogue) -> Iterator[Holding]:
    """All that matches, in the order asked for, however much it is."""
    asked = replace(query, limit=_PAGE)
    while True:
        page = catalogue.search(asked)
        yield from page.hits
        if page.next is None:
            return
        asked = replace(asked, cursor=page.next)
