"""An old command line of NASA's validate means the same here.

Reference: validate's own documentation of its options (4.2), the grammar of Apache Commons CLI, and
the argument strings of validate's regression cases.
"""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from perilune.errors import WrongUsage
from perilune.validation.compat import CommandLine, read_command_line
from perilune.validation.options import Mismatch, Options, Rule
from perilune.validation.report import Severity

_OURS = Options(counts_like_validate=True, extensions=("xml",))


def _read(line: str, **files: str) -> CommandLine:
    return read_command_line(line.split(), files.__getitem__)


def test_a_bare_path_is_checked_as_validate_checks_it() -> None:
    assert _read("a.xml").options == _OURS
    assert _read("a.xml").targets == ("a.xml",)


@pytest.mark.parametrize(
    ("line", "targets"),
    [
        ("-t a.xml b.xml", ("a.xml", "b.xml")),
        ("-t a.xml,b.xml -D", ("a.xml", "b.xml")),
        ("-R pds4.label a.xml", ("a.xml",)),
        ("--target=a.xml --local b.xml", ("a.xml", "b.xml")),
        ("-t a.xml -R pds4.label b.xml", ("a.xml", "b.xml")),
        ("--targ a.xml", ()),
        ("-t file:///data/a.xml", ("/data/a.xml",)),
        ("-D -- -odd.xml", ("-odd.xml",)),
        ("-t a.xml -t a.xml", ("a.xml",)),
    ],
)
def test_targets_are_found_wherever_they_stand(line: str, targets: tuple[str, ...]) -> None:
    if not targets:
        with pytest.raises(WrongUsage, match="may be any of --target, --target-manifest"):
            _read(line)
    else:
        assert _read(line).targets == targets


@pytest.mark.parametrize(
    ("line", "name", "value"),
    [
        ("-R pds4.bundle", "rule", Rule.BUNDLE),
        ("--rule pds4.collection", "rule", Rule.COLLECTION),
        ("-rule pds4.folder", "rule", Rule.FOLDER),
        ("-v1", "least", Severity.INFO),
        ("-v 3", "least", Severity.ERROR),
        ("--verbose=1", "least", Severity.INFO),
        ("-e lblx", "extensions", ("lblx",)),
        ("--label-ext lblx", "extensions", ("lblx",)),
        ("-L", "is_recursive", False),
        ("-LD", "is_recursive", False),
        ("-LD", "checks_content", False),
        ("--skip-content-validation", "checks_content", False),
        ("--no-data-check", "checks_content", False),
        ("--skip-product-validation", "checks_products", False),
        ("--skip-context-validation", "checks_context", False),
        ("--skip-context-reference-check", "checks_references", False),
        ("--disable-context-mismatch-warnings", "context_mismatch", Mismatch.INFO),
        ("--skip-strict-collection-membership", "is_strict_of_members", False),
        ("--allow-unlabeled-files", "allows_unlabelled", True),
        ("--strict-field-checks", "is_strict_of_fields", True),
        ("--complete-descriptions", "wants_all_described", True),
        ("--spot-check-data 10", "every_record", 10),
        ("--everyN 3", "every_label", 3),
        ("-schema a.xsd,b.xsd", "schemas", (Path("a.xsd"), Path("b.xsd"))),
        ("-x a.xsd -x b.xsd", "schemas", (Path("a.xsd"), Path("b.xsd"))),
        ("-schematron a.sch b.sch", "schematrons", (Path("a.sch"), Path("b.sch"))),
        ("-C c.xml", "catalogs", (Path("c.xml"),)),
        ("-M sums.md5 -B /data", "manifest", Path("sums.md5")),
        ("-M sums.md5 -B /data", "manifest_base", Path("/data")),
        ("--add-context-products more.json", "registries", (Path("more.json"),)),
        ("--alternate one/a,one/b", "alternates", (Path("one/a"), Path("one/b"))),
    ],
)
def test_each_option_asks_for_what_it_asked_for(line: str, name: str, value: object) -> None:
    read = _read(f"{line} -t a.xml")

    assert getattr(read.options, name) == value
    assert read.targets == ("a.xml",)


def test_the_report_goes_where_it_went() -> None:
    read = _read("-t a.xml --report-file out.json --report-style json -E 7")

    assert (read.report_file, read.style, read.most_errors) == (Path("out.json"), "json", 7)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("--bogus a.xml", "no option --bogus"),
        ("-t a.xml --bogus", "no option --bogus"),
        ("-z", "no option -z"),
        ("--skip-c a.xml", "may be any of"),
        ("a.xml -R", "--rule needs a value"),
        ("a.xml -R pds3.volume", "not 'pds3.volume'"),
        ("a.xml -v 9", "not '9'"),
        ("a.xml -s html", "not 'html'"),
        ("a.xml --everyN none", "not 'none'"),
        ("a.xml --local=yes", "takes no value"),
    ],
)
def test_what_validate_does_not_know_is_said(line: str, words: str) -> None:
    with pytest.raises(WrongUsage, match=words):
        _read(line)


def test_a_list_of_targets_and_a_configuration_are_read() -> None:
    settings = "# of the pipeline\nvalidate.rule = pds4.bundle\nvalidate.noDataCheck: true\n"
    files = {"list.txt": "a.xml\n\nb.xml\n", "my.properties": settings + "validate.verbose=1\n"}

    read = read_command_line(
        ["--target-manifest", "list.txt", "-c", "my.properties", "-v", "3"], files.__getitem__
    )

    assert read.targets == ("a.xml", "b.xml")
    assert read.options.rule is Rule.BUNDLE
    assert read.options.checks_content is False
    assert read.options.least is Severity.ERROR, "the command line goes before the file"


def test_every_argument_string_of_the_regression_cases_is_understood(
    shared: Callable[[str], Path],
) -> None:
    folder = shared("data/pds4/validate-cases")
    cases = json.loads((folder / "cases.json").read_text("utf-8"))

    for case in cases:
        line = case["args"].replace("{datasrc}", "/data").replace("%20", " ")
        read = _read(line)
        assert read.targets, line
        assert all(target.startswith("/data") for target in read.targets), line
        assert ("--skip-context-validation" in line) is not read.options.checks_context
        assert (read.options.rule is None) is ("-R" not in line.split())

    assert len(cases) > 100
