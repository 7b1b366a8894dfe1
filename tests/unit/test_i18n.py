"""Languages: complete catalogues, faithful placeholders, and numbers as each writes them."""

import importlib.util
import re
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po

from perilune.i18n.language import CODES, choose, interval, language, minute

ROOT = Path(__file__).resolve().parents[2]
TRANSLATED = [code for code in CODES if code != "en"]


@pytest.fixture(scope="module")
def build_web() -> ModuleType:
    spec = importlib.util.spec_from_file_location("build_web", ROOT / "build_web.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def catalogue(code: str) -> Catalog:
    po = ROOT / f"src/perilune/i18n/{code}/LC_MESSAGES/perilune.po"
    with po.open("rb") as source:
        return read_po(source)


def texts(message: Message) -> list[str]:
    return [message.string] if isinstance(message.string, str) else list(message.string)


@pytest.mark.parametrize("code", TRANSLATED)
def test_a_catalogue_has_every_text_of_the_interface_and_no_other(
    code: str, build_web: ModuleType
) -> None:
    """Run ``python build_web.py messages`` after a change of the texts, then translate."""
    wanted = {message.id for message in build_web.messages(ROOT) if message.id}
    held = {message.id for message in catalogue(code) if message.id}

    assert len(wanted) > 150
    assert held == wanted


@pytest.mark.parametrize("code", TRANSLATED)
def test_every_text_is_translated_with_the_same_placeholders(code: str) -> None:
    found = catalogue(code)
    for message in found:
        if not message.id:
            continue
        source = message.id if isinstance(message.id, str) else message.id[-1]
        assert not message.fuzzy
        assert all(texts(message)), source
        assert len(texts(message)) == (1 if isinstance(message.id, str) else found.num_plurals)
        for text in texts(message):
            assert sorted(re.findall(r"%\(\w+\)s", text)) == sorted(
                re.findall(r"%\(\w+\)s", source)
            ), source


def test_numbers_are_grouped_as_each_language_does() -> None:
    """CLDR 46: a no-break space in Russian, a narrow one in French."""
    assert language("en").number(1234567.5, 1) == "1,234,567.5"
    assert language("zh").number(1234567.5, 1) == "1,234,567.5"
    assert language("ru").number(1234567.5, 1) == "1\xa0234\xa0567,5"
    assert language("fr").number(1234567.5, 1) == "1\u202f234\u202f567,5"


@pytest.mark.parametrize(
    ("count", "written"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1_000, "1 kB"),
        (9_949, "9.9 kB"),
        (314_572_800, "315 MB"),
        (999_999, "1 MB"),
        (12_300_000_000_000_000, "12,300 TB"),
    ],
)
def test_sizes_are_decimal_and_short(count: int, written: str) -> None:
    assert language("en").size(count) == written


def test_plural_forms_follow_the_language(build_web: ModuleType) -> None:
    """CLDR plural rules: Russian 1, 2, 5, 11, 21; French counts 0 with 1."""
    build_web.compile_catalogues(ROOT)
    language.cache_clear()

    def files(code: str, count: int) -> str:
        return language(code).counted("%(n)s file", "%(n)s files", count)

    assert [files("en", n) for n in (0, 1, 2)] == ["0 files", "1 file", "2 files"]
    assert [files("ru", n) for n in (1, 2, 5, 11, 21)] == [
        "1 файл",
        "2 файла",
        "5 файлов",
        "11 файлов",
        "21 файл",
    ]
    assert [files("fr", n) for n in (0, 1, 2)] == ["0 fichier", "1 fichier", "2 fichiers"]
    assert files("zh", 3) == "3 个文件"


def test_places_are_written_as_the_language_does(build_web: ModuleType) -> None:
    build_web.compile_catalogues(ROOT)
    language.cache_clear()

    assert language("en").place(-89.66, -230.8) == "89.66° S 129.2° E"
    assert language("ru").place(-89.66, 129.2) == "89,66° ю. ш. 129,2° в. д."
    assert language("zh").place(10.0, 0.0) == "北纬 10° 东经 0°"


@pytest.mark.parametrize(
    ("accepted", "code"),
    [
        ("", "en"),
        ("de, pt", "en"),
        ("ru", "ru"),
        ("zh-Hant-TW", "zh"),
        ("fr-CH, fr;q=0.9, en;q=0.8", "fr"),
        ("en;q=0.1, RU-ru;q=0.2", "ru"),
        ("ru;q=0, fr;q=x, *", "en"),
        ("," * 5000, "en"),
    ],
)
def test_the_language_is_the_best_that_the_browser_accepts(accepted: str, code: str) -> None:
    """RFC 9110 section 12.5.4 with the weights of 12.4.2."""
    assert choose([None, "xx"], accepted).code == code


def test_times_are_utc_and_say_so() -> None:
    start = datetime(2028, 10, 14, 9, 31, 12, tzinfo=UTC)
    later = start.replace(hour=10)
    tomorrow = start.replace(day=15)

    assert minute(start) == "2028-10-14 09:31 UTC"
    assert interval([start]) == "2028-10-14 09:31 UTC"
    assert interval([start, later], seconds=True) == "2028-10-14 09:31:12 – 10:31:12 UTC"  # noqa: RUF001
    assert interval([start, tomorrow], to_the_day=True) == "2028-10-14 – 2028-10-15 UTC"  # noqa: RUF001
    assert interval([]) == ""
