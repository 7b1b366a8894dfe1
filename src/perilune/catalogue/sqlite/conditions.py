"""Conditions on fields and label properties, turned into sets of products.

What a comparison means is said in `perilune.catalogue.values`; here it is asked of the words in
the file. Everything a reader wrote reaches SQLite as a bound value, never as its text.
"""

from typing import Any, Literal, assert_never

from pyroaring import BitMap

from perilune.catalogue.fields import ARCHIVE_STATUS, FIELDS, HARVESTED, archive_status
from perilune.catalogue.query import And, Comparison, Condition, Not, Op, Or
from perilune.catalogue.sqlite.database import rows
from perilune.catalogue.sqlite.gathered import MONTH_BITS
from perilune.catalogue.sqlite.sets import EMPTY, Snapshot, union
from perilune.catalogue.values import Kind, Operand, like, matches, operand
from perilune.errors import MalformedIdentifier
from perilune.model.identifier import Lidvid
from perilune.model.product import Lifecycle

Span = Literal["begin", "end"]

_SIGNS = {Op.EQ: "=", Op.GT: ">", Op.GE: ">=", Op.LT: "<", Op.LE: "<="}
_POSTINGS = (
    "SELECT posting.bits FROM word JOIN posting"
    " ON posting.id BETWEEN word.id << 16 AND (word.id << 16) + 65535 WHERE word.name = ? AND "
)
_LIDVID = "lid || '::' || major || '.' || minor"
_HARVEST_TEXT = (
    "strftime('%Y-%m-%dT%H:%M:%S', accessioned / 1000000, 'unixepoch')"
    " || printf('.%06dZ', accessioned % 1000000)"
)
_LAST_CHARACTER = "\U0010ffff"


def meeting(condition: Condition, snapshot: Snapshot) -> BitMap:
    """The products, whoever may see them, that meet ``condition``."""
    match condition:
        case Comparison():
            return snapshot.derived(condition, lambda: _compared(condition, snapshot))
        case And(terms):
            met = everything(snapshot)
            for term in terms:
                met = met & meeting(term, snapshot)
            return met
        case Or(terms):
            return BitMap().union(*(meeting(term, snapshot) for term in terms))
        case Not(term):
            return everything(snapshot) - meeting(term, snapshot)
        case _:
            assert_never(condition)


def everything(snapshot: Snapshot) -> BitMap:
    """All products."""
    return snapshot.word("set", "all", "")


def in_span(snapshot: Snapshot, column: Span, op: Op, count: int) -> BitMap:
    """The products of which the observation begins or ends so to an instant."""
    key = ("span", column, op, count)
    return snapshot.derived(key, lambda: _in_span(snapshot, column, op, count))


def _compared(comparison: Comparison, snapshot: Snapshot) -> BitMap:
    field, op = comparison.field, comparison.op
    if op is Op.NE:
        equal = Comparison(field, Op.EQ, comparison.value)
        return everything(snapshot) - meeting(equal, snapshot)
    wanted = operand(comparison)
    match field:
        case "lid" | "lidvid":
            return _by_name(field, op, wanted, snapshot)
        case "title":
            return _by_title(comparison, wanted, snapshot)
        case _ if field == HARVESTED:
            return _by_harvest(op, wanted, snapshot)
        case _ if field == ARCHIVE_STATUS:
            return _by_status(comparison, snapshot)
        case _:
            space = "field" if field in FIELDS else "property"
            return _by_words(space, comparison, wanted, snapshot)


def _by_words(space: str, comparison: Comparison, wanted: Operand, snapshot: Snapshot) -> BitMap:
    name, op = comparison.field, comparison.op
    if op is Op.EQ and wanted.kind is Kind.TEXT:
        return snapshot.word(space, name, wanted.text)
    number = snapshot.name(space, name)
    if number is None:
        return EMPTY
    if op is Op.EXISTS:
        return _having("TRUE", (number,), snapshot)
    if op is Op.LIKE:
        return _like(number, wanted.text, snapshot)
    if wanted.kind is Kind.TEXT:
        return _having(f"word.text {_SIGNS[op]} ?", (number, wanted.text), snapshot)
    return _ordered(snapshot, space, name, op, wanted)


def _having(test: str, values: tuple[Any, ...], snapshot: Snapshot) -> BitMap:
    """The products of the words that pass ``test``, one of the fixed texts of this module."""
    return union(kept for (kept,) in snapshot.connection.execute(_POSTINGS + test, values))


def _like(number: int, pattern: str, snapshot: Snapshot) -> BitMap:
    if pattern.isascii():
        return _having("word.text LIKE ? ESCAPE '\\'", (number, _sql_pattern(pattern)), snapshot)
    fits = like(pattern)
    found = rows(snapshot.connection, "SELECT text, id FROM word WHERE name = ?", number)
    return BitMap().union(*(snapshot.posting(word) for text, word in found if fits(text)))


def _sql_pattern(pattern: str) -> str:
    for special in "\\%_":
        pattern = pattern.replace(special, "\\" + special)
    return pattern.replace("*", "%").replace("?", "_")


def _ordered(snapshot: Snapshot, space: str, name: str, op: Op, wanted: Operand) -> BitMap:
    number = snapshot.name(space, name)
    test = f"word.kind = ? AND word.number {_SIGNS[op]} ?"
    values = (number, int(wanted.kind), wanted.number)
    if wanted.kind is not Kind.TIME or op is Op.EQ:
        return _having(test, values, snapshot)
    months, first, last = _months(snapshot, f"{space} {name}", op, int(wanted.number))
    edge = _having(test + " AND word.number BETWEEN ? AND ?", (*values, first, last), snapshot)
    return edge | months


def _in_span(snapshot: Snapshot, column: Span, op: Op, count: int) -> BitMap:
    months, first, last = _months(snapshot, column, op, count)
    sql = f"SELECT id FROM product WHERE {column} BETWEEN ? AND ? AND {column} {_SIGNS[op]} ?"  # noqa: S608  # fixed texts
    return months | _products(sql, (first, last, count), snapshot)


def _months(snapshot: Snapshot, name: str, op: Op, count: int) -> tuple[BitMap, int, int]:
    """The products of all whole months on the right side of an instant, and its own month.

    Only the products of that month remain to be compared one by one.
    """
    month = count >> MONTH_BITS
    first, last = month << MONTH_BITS, ((month + 1) << MONTH_BITS) - 1
    sign = ">" if op in (Op.GT, Op.GE) else "<"
    number = snapshot.name("month", name)
    test = f"word.kind = 0 AND word.number {sign} ?"
    return _having(test, (number, month), snapshot), first, last


def _by_harvest(op: Op, wanted: Operand, snapshot: Snapshot) -> BitMap:
    if op is Op.EXISTS:
        return everything(snapshot)
    if wanted.kind is not Kind.TIME:
        return _by_text(_HARVEST_TEXT, op, wanted, snapshot)
    sql = f"SELECT id FROM product WHERE accessioned {_SIGNS[op]} ?"  # noqa: S608  # a fixed sign
    if op is Op.EQ:
        return _products(sql, (wanted.number,), snapshot)
    # the order of ids is the order of accession, so one end says all
    end = "DESC" if op in (Op.LT, Op.LE) else "ASC"
    found = rows(snapshot.connection, f"{sql} ORDER BY accessioned {end} LIMIT 1", wanted.number)
    if not found:
        return EMPTY
    [(edge,)] = found
    known = everything(snapshot)
    side = BitMap(range(edge + 1)) if end == "DESC" else BitMap(range(edge, known.max() + 1))
    return known & side


def _by_text(column: str, op: Op, wanted: Operand, snapshot: Snapshot) -> BitMap:
    """The products of which ``column``, one of the fixed texts of this module, compares so."""
    if op is Op.EXISTS:
        return everything(snapshot)
    if wanted.kind is not Kind.TEXT:
        return EMPTY
    sql = f"SELECT id FROM product WHERE {column} "  # noqa: S608  # a fixed column
    if op is Op.LIKE:
        pattern = wanted.text
        if not pattern.isascii():
            return EMPTY  # of an identifier or a time every character is ASCII
        return _products(sql + "LIKE ? ESCAPE '\\'", (_sql_pattern(pattern),), snapshot)
    return _products(f"{sql} {_SIGNS[op]} ?", (wanted.text,), snapshot)


def _by_name(field: str, op: Op, wanted: Operand, snapshot: Snapshot) -> BitMap:
    if op is Op.LIKE and wanted.text.isascii():
        start = wanted.text.lower().replace("?", "*").partition("*")[0].partition("::")[0]
        column = "lid" if field == "lid" else _LIDVID
        sql = f"SELECT id FROM product WHERE lid BETWEEN ? AND ? AND {column} LIKE ? ESCAPE '\\'"  # noqa: S608  # a fixed column
        return _products(sql, (start, start + _LAST_CHARACTER, _sql_pattern(wanted.text)), snapshot)
    if op is not Op.EQ or field == "lid":
        return _by_text("lid" if field == "lid" else _LIDVID, op, wanted, snapshot)
    try:
        name = Lidvid.parse(wanted.text)
    except MalformedIdentifier:
        return EMPTY
    sql = "SELECT id FROM product WHERE lid = ? AND major = ? AND minor = ?"
    return _products(sql, (name.lid.text, name.major, name.minor), snapshot)


def _by_title(comparison: Comparison, wanted: Operand, snapshot: Snapshot) -> BitMap:
    op = comparison.op
    if wanted.kind is Kind.TEXT and (op is not Op.LIKE or wanted.text.isascii()):
        return _by_text("title", op, wanted, snapshot)
    # titles that are numbers or times, or have letters of other alphabets, are looked at singly
    begins = "*" if op is Op.LIKE else "[-+.0-9]*"
    sql = "SELECT id, title FROM product WHERE title GLOB ?"
    found = snapshot.connection.execute(sql, (begins,))
    return BitMap([product for product, title in found if matches(comparison, (title,))])


def _by_status(comparison: Comparison, snapshot: Snapshot) -> BitMap:
    released = snapshot.word("set", "released", "")
    met = BitMap()
    for lifecycle, products in (
        (Lifecycle.RELEASED, released),
        (Lifecycle.NOT_REVIEWED, everything(snapshot) - released),
    ):
        if matches(comparison, (archive_status(lifecycle),)):
            met = met | products
    return met


def _products(sql: str, values: tuple[Any, ...], snapshot: Snapshot) -> BitMap:
    return BitMap([product for (product,) in snapshot.connection.execute(sql, values)])
