"""How to cite a product version: as a sentence and for BibTeX."""

import re

from perilune.model.product import Holding

_TEX = {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"}
_TEX |= {mark: "\\" + mark for mark in "{}%&$#_"}


def citation_text(holding: Holding, node_name: str) -> str:
    """Authors (year). Title. Version. Archive. Identifier. DOI, as far as the label gives them."""
    product, cited = holding.product, holding.product.citation
    people = cited.authors or cited.editors
    simulated = " [Simulated data set]" if product.is_simulated else " [Data set]"
    parts = [
        f"{people.strip()} ({_year(holding)})" if people else "",
        f"{product.title.rstrip('. ')}{simulated}" + ("" if people else f" ({_year(holding)})"),
        f"Version {product.id.version}",
        node_name,
        str(product.id),
        f"https://doi.org/{cited.doi}" if cited.doi else "",
    ]
    return ". ".join(part for part in parts if part)


def bibtex(holding: Holding, node_name: str) -> str:
    """The same as a BibTeX entry; the identifier is the key, marks replaced."""
    product, cited = holding.product, holding.product.citation
    fields = {
        "author": " and ".join(_people(cited.authors)),
        "editor": " and ".join(_people(cited.editors)),
        "title": product.title,
        "year": _year(holding),
        "version": product.id.version,
        "publisher": node_name,
        "doi": cited.doi,
        "note": f"{'Simulated data. ' if product.is_simulated else ''}{product.id}",
    }
    key = re.sub(r"[^A-Za-z0-9]+", "-", ":".join(str(product.id).split(":")[3:])).strip("-")
    lines = [f"  {name} = {{{_tex(value)}}}," for name, value in fields.items() if value]
    return "\n".join([f"@misc{{{key},", *lines, "}"])


def _year(holding: Holding) -> str:
    return holding.product.citation.year or str(holding.accessioned.year)


def _people(names: str) -> list[str]:
    """Names of an author list of PDS4, ``Last, F. M.; Last, F.`` or separated by ``, and``."""
    if ";" in names:
        return [name.strip() for name in names.split(";") if name.strip()]
    return [name.strip() for name in re.split(r",? and ", names) if name.strip()]


def _tex(text: str) -> str:
    return "".join(_TEX.get(mark, mark) for mark in text)
