"""A language of the interface: its texts, and how it writes numbers, sizes, times and places.

English is written in the source; the other catalogues lie in ``<code>/LC_MESSAGES``. A text
that a catalogue lacks appears in English. Times are UTC in every language and say so; they are
written year first, as archives do.
"""

import gettext
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache, lru_cache
from pathlib import Path

from babel import Locale, negotiate_locale
from babel.numbers import format_decimal

CODES = {"en": "English", "ru": "Русский", "zh": "中文", "fr": "Français"}
"""Every language of the interface, with the name it calls itself by."""

DOMAIN = "perilune"
_FOLDER = Path(__file__).parent
_HTML_TAGS = {"zh": "zh-Hans"}
_UNIT = 1000


def N_(message: str) -> str:  # noqa: N802 - gettext's own name for it
    """Mark a text for translation where it stands; it is translated where it is shown."""
    return message


@dataclass(frozen=True, slots=True)
class Language:
    """One language, ready to write with."""

    code: str
    locale: Locale
    texts: gettext.NullTranslations

    @property
    def tag(self) -> str:
        """Its tag in HTML (BCP 47)."""
        return _HTML_TAGS.get(self.code, self.code)

    def text(self, message: str, **values: object) -> str:
        """``message`` in this language, ``%(name)s`` filled in."""
        found = self.texts.gettext(message)
        return found % values if values else found

    def counted(self, one: str, many: str, count: int, **values: object) -> str:
        """The form of the message that ``count`` takes; ``%(n)s`` is the number, grouped."""
        found = self.texts.ngettext(one, many, count)
        return found % {"n": self.number(count), **values}

    def number(self, value: float, digits: int = 0) -> str:
        """A number grouped as the language does, with at most ``digits`` of fraction."""
        return _number(value, digits, self.locale)

    def size(self, count: int) -> str:
        """A number of bytes in the decimal unit that leaves one to three digits before the mark."""
        value, units = float(count), self._units()
        for unit in units[:-1]:
            if value < _UNIT - 0.5:
                return unit % {"n": self.number(value, 0 if unit is units[0] or value >= 10 else 1)}
            value /= _UNIT
        return units[-1] % {"n": self.number(value, 1)}

    def place(self, lat: float, lon: float, digits: int = 2) -> str:
        """Planetocentric latitude and east longitude in degrees, as the language writes them."""
        south, east = lat < 0, lon % 360.0
        number = self.number(abs(lat), digits)
        written = (
            self.text("%(degrees)s° S", degrees=number)
            if south
            else self.text("%(degrees)s° N", degrees=number)
        )
        return f"{written} {self.text('%(degrees)s° E', degrees=self.number(east, digits))}"

    def _units(self) -> tuple[str, ...]:
        return (
            self.texts.gettext("%(n)s B"),
            self.texts.gettext("%(n)s kB"),
            self.texts.gettext("%(n)s MB"),
            self.texts.gettext("%(n)s GB"),
            self.texts.gettext("%(n)s TB"),
        )


def minute(moment: datetime) -> str:
    """An instant to the minute, UTC: ``2028-10-14 09:31 UTC``."""
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")


def second(moment: datetime) -> str:
    """An instant to the second, UTC: ``2028-10-14 09:31:12 UTC``."""
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def interval(
    moments: Sequence[datetime], *, to_the_day: bool = False, seconds: bool = False
) -> str:
    """From the first to the last of ``moments``, UTC; what both ends share is written once."""
    if not moments:
        return ""
    form = "%Y-%m-%d" if to_the_day else "%Y-%m-%d %H:%M:%S" if seconds else "%Y-%m-%d %H:%M"
    first, last = (moment.astimezone(UTC).strftime(form) for moment in (moments[0], moments[-1]))
    if first == last:
        return f"{first} UTC"
    if first[:10] == last[:10]:
        last = last[11:]
    return f"{first} \N{EN DASH} {last} UTC"


@lru_cache(10_000)  # a page writes a hundred numbers, mostly the same from page to page
def _number(value: float, digits: int, locale: Locale) -> str:
    return format_decimal(value, "#,##0." + "#" * digits, locale=locale)


@cache
def language(code: str) -> Language:
    """The language of a code of `CODES`."""
    texts = gettext.translation(DOMAIN, _FOLDER, [code], fallback=True)
    return Language(code, Locale.parse(code), texts)


def choose(wishes: Iterable[str | None], accepted: str = "") -> Language:
    """The first of ``wishes`` that is a language here, else the best that a browser accepts.

    ``accepted`` is the value of the header ``Accept-Language`` (RFC 9110, section 12.5.4).
    """
    for wish in wishes:
        if wish in CODES:
            return language(wish)
    found = negotiate_locale(_by_preference(accepted), list(CODES), sep="-") or "en"
    return language(found)


def _by_preference(accepted: str) -> list[str]:
    """Tags of an ``Accept-Language`` header, best first, each followed by its bare language."""
    ranked: list[tuple[float, int, str]] = []
    for position, part in enumerate(accepted[:1000].split(",")):
        tag, _, weight = part.partition(";")
        try:
            quality = float(weight.strip().removeprefix("q=")) if weight.strip() else 1.0
        except ValueError:
            continue
        if tag.strip() and tag.strip() != "*" and quality > 0:
            ranked.append((-quality, position, tag.strip().lower()))
    return [each for _, _, tag in sorted(ranked) for each in (tag, tag.split("-")[0])]
