"""Whether an XPath of a Schematron may be run: it is code from strangers.

Every token must be known: names, literals, operators, axes, node tests, and functions of the list
below, all of which compute from the label and their arguments and nothing else. What reads
documents, files or the environment, calls out, or makes sequences out of nothing is not on it.
Grammar: XPath 2.0, https://www.w3.org/TR/xpath20/ section A.2; nothing of XPath 3 is let through.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

MAX_LENGTH = 20_000
MAX_DEPTH = 60
MAX_BINDINGS = 3
"""Of for, some and every in one expression: each multiplies the work by the size of a label."""

_TOKEN = re.compile(
    r"""(?P<space>\s+)
      | (?P<comment>\(:)
      | (?P<literal>"(?:[^"]|"")*"|'(?:[^']|'')*')
      | (?P<number>(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)
      | (?P<name>\*:[^\W\d][\w.\-·]*+|[^\W\d][\w.\-·]*+:\*
                |[^\W\d][\w.\-·]*+(?::[^\W\d][\w.\-·]*+)?+(?!:(?!:)))
      | (?P<symbol>::|//|\.\.|!=|<=|>=|<<|>>|[()\[\]@$/|,.+*=<>?-])
    """,
    re.VERBOSE,
)


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_FUNCTIONS = _words(
    """
    abs adjust-date-to-timezone adjust-dateTime-to-timezone adjust-time-to-timezone avg
    base-uri boolean ceiling codepoint-equal codepoints-to-string compare concat contains
    count current current-date current-dateTime current-time data dateTime day-from-date
    day-from-dateTime days-from-duration deep-equal distinct-values document-uri empty
    encode-for-uri ends-with escape-html-uri exactly-one exists false floor
    hours-from-dateTime hours-from-duration hours-from-time implicit-timezone
    in-scope-prefixes index-of insert-before iri-to-uri lang last local-name
    local-name-from-QName lower-case matches max min minutes-from-dateTime
    minutes-from-duration minutes-from-time month-from-date month-from-dateTime
    months-from-duration name namespace-uri namespace-uri-from-QName nilled node-name
    normalize-space normalize-unicode not number one-or-more position prefix-from-QName remove
    replace resolve-QName reverse root round round-half-to-even seconds-from-dateTime
    seconds-from-duration seconds-from-time starts-with string string-join string-length
    string-to-codepoints subsequence substring substring-after substring-before sum
    timezone-from-date timezone-from-dateTime timezone-from-time tokenize translate true
    unordered upper-case year-from-date year-from-dateTime years-from-duration zero-or-one
    QName
    """
)
_CONSTRUCTORS = _words(
    """
    string boolean decimal float double duration dateTime time date gYearMonth gYear gMonthDay
    gDay gMonth hexBinary base64Binary anyURI QName normalizedString token language NMTOKEN
    Name NCName integer nonPositiveInteger negativeInteger long int short byte
    nonNegativeInteger unsignedLong unsignedInt unsignedShort unsignedByte positiveInteger
    yearMonthDuration dayTimeDuration untypedAtomic
    """
)
_TESTS = _words(
    """
    node text comment processing-instruction element attribute document-node item
    empty-sequence
    """
)
_WORDS = _words(
    """
    and or if then else return in satisfies for some every eq ne lt le gt ge is div idiv mod
    union intersect except instance of treat as castable cast
    """
)
_AXES = _words(
    """
    child descendant attribute self descendant-or-self following-sibling following parent
    ancestor preceding-sibling preceding ancestor-or-self
    """
)
_FUNCTIONS_NS = "http://www.w3.org/2005/xpath-functions"
_XS = "http://www.w3.org/2001/XMLSchema"


class Refused(Exception):
    """The expression holds what is not run."""


@dataclass(frozen=True, slots=True)
class Expression:
    """An expression that may be run."""

    text: str
    variables: frozenset[str]
    """Names of the variables that it uses."""


def checked(text: str, prefixes: dict[str, str]) -> Expression:
    """The expression, if each token of it is known; raise `Refused` with the one that is not."""
    if len(text) > MAX_LENGTH:
        raise Refused(f"has {len(text)} characters; {MAX_LENGTH} are allowed")
    tokens = list(_tokens(text))
    depth = bindings = 0
    variables: set[str] = set()
    for before, token, after in zip(["", *tokens], tokens, [*tokens[1:], ""], strict=False):
        depth += (token in ("(", "[")) - (token in (")", "]"))
        if depth > MAX_DEPTH:
            raise Refused(f"is nested more than {MAX_DEPTH} deep")
        if before == "$":
            variables.add(token)
            bindings += after == "in"
        elif token[0].isalpha() or token[0] == "_":
            _check_name(token, before, after, prefixes)
    if depth or not tokens:
        raise Refused("is not a whole expression")
    if bindings > MAX_BINDINGS:
        raise Refused(f"has more than {MAX_BINDINGS} of for, some and every")
    return Expression(text, frozenset(variables))


def _check_name(name: str, before: str, after: str, prefixes: dict[str, str]) -> None:
    if after == "::":
        if name not in _AXES:
            raise Refused(f"uses the axis {name}, which is not known")
        return
    if after == "(" and before not in ("@", "::") and name not in _WORDS | _TESTS:
        _check_function(name, prefixes)
    elif after == "(" and before in ("@", "::") and name not in _TESTS:
        raise Refused(f"uses the node test {name}(), which is not known")
    elif name == "to" and before not in ("", "/", "//", "@", "::", "(", "[", ",", "|"):
        raise Refused("makes a range of numbers (to), which is not run")
    prefix, colon, _ = name.partition(":")
    if colon and prefix not in (*prefixes, "xs", "xml", "*"):
        raise Refused(f"uses the prefix {prefix}, which is not declared")


def _check_function(token: str, prefixes: dict[str, str]) -> None:
    prefix, colon, name = token.rpartition(":")
    namespace = prefixes.get(prefix, _XS if prefix == "xs" else "")
    if not colon or namespace == _FUNCTIONS_NS:
        is_known = name in _FUNCTIONS
    else:
        is_known = namespace == _XS and name in _CONSTRUCTORS
    if not is_known:
        raise Refused(f"calls the function {token}(), which is not run")


def _tokens(text: str) -> Iterator[str]:
    position = 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise Refused(f"holds {text[position : position + 20]!r}, which is not known")
        kind = match.lastgroup
        position = _after_comment(text, position) if kind == "comment" else match.end()
        if kind not in ("space", "comment"):
            yield match[0]


def _after_comment(text: str, start: int) -> int:
    """Where a comment ends; comments may hold comments."""
    depth, position = 0, start
    for match in re.finditer(r"\(:|:\)", text[start:]):
        depth += 1 if match[0] == "(:" else -1
        position = start + match.end()
        if depth == 0:
            return position
    raise Refused("has a comment without end")


def union_parts(text: str) -> list[str]:
    """The parts of a pattern between the bars that stand outside brackets and literals."""
    parts, depth, start, position = [], 0, 0, 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            break
        end = _after_comment(text, position) if match.lastgroup == "comment" else match.end()
        if match.lastgroup == "symbol":
            depth += (match[0] in "([") - (match[0] in ")]")
            if match[0] == "|" and depth == 0:
                parts.append(text[start:position])
                start = end
        position = end
    return [part.strip() for part in (*parts, text[start:])]
