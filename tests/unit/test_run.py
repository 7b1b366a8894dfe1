"""A whole run: the report is the same with and without processes, and nothing hostile ends it."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from lxml import etree

from perilune.cli import main
from perilune.validation.context import ContextProduct, Registry
from perilune.validation.examine import Sources
from perilune.validation.findings import Findings
from perilune.validation.options import Options
from perilune.validation.report import Message, Severity, Spot, Status
from perilune.validation.run import Means, run
from perilune.validation.writing import write_report
from perilune.validation.writing.document import as_document

_GOOD = (
    '<Product_Document xmlns="http://pds.nasa.gov/pds4/pds/v1"><Identification_Area>'
    "<logical_identifier>urn:nasa:pds:luna:docs:d{number}</logical_identifier>"
    "<version_id>1.0</version_id></Identification_Area></Product_Document>"
)
_SKIPS = Options(checks_products=False)


def _labels(folder: Path, count: int) -> None:
    for number in range(count):
        (folder / f"d{number:03}.xml").write_text(_GOOD.format(number=number), "utf-8")


def _invoke(*words: str | Path) -> Result:
    return CliRunner().invoke(main, ["validate", *map(str, words)])


def test_processes_change_nothing(tmp_path: Path) -> None:
    _labels(tmp_path, 40)
    (tmp_path / "d007.xml").write_text("<Product_Bundle", "utf-8")
    (tmp_path / "d009.xml").write_text("", "utf-8")
    (tmp_path / "d011.xml").write_bytes(b"\xff\xfe<\x00")

    alone = run([tmp_path], _SKIPS, Means(jobs=1))
    together = run([tmp_path], _SKIPS, Means(jobs=3))

    assert as_document(alone) == as_document(together)
    assert alone.summary.products.total == 40


_MISSION = "urn:nasa:pds:context:investigation:mission.luna"
_CONTEXT = (
    '<Product_Context xmlns="http://pds.nasa.gov/pds4/pds/v1"><Identification_Area>'
    f"<logical_identifier>{_MISSION}</logical_identifier><version_id>1.0</version_id>"
    "<title>Luna</title></Identification_Area></Product_Context>"
)
_REFERS = _GOOD.replace(
    "</Product_Document>",
    "<Context_Area><Investigation_Area><name>Luna</name><type>Mission</type><Internal_Reference>"
    f"<lid_reference>{_MISSION}</lid_reference>"
    "<reference_type>data_to_investigation</reference_type>"
    "</Internal_Reference></Investigation_Area></Context_Area></Product_Document>",
)


@pytest.mark.parametrize(
    ("brings", "like_validate", "found"),
    [(False, False, 1), (True, False, 0), (True, True, 1)],
    ids=["absent", "delivered", "delivered, asked as validate"],
)
def test_a_context_product_that_comes_along_is_known(
    tmp_path: Path, *, brings: bool, like_validate: bool, found: int
) -> None:
    (tmp_path / "d.xml").write_text(_REFERS.format(number=1), "utf-8")
    if brings:
        (tmp_path / "luna.xml").write_text(_CONTEXT, "utf-8")
    other = ContextProduct("urn:nasa:pds:context:target:satellite.earth.moon", "1.0", ("Moon",), ())

    report = run(
        [tmp_path],
        Options(counts_like_validate=like_validate),
        Means(sources=Sources(registry=Registry([other]))),
    )

    kinds = [message.type for message in report.messages]
    assert kinds.count("error.label.context_ref_not_found") == found


def test_a_broken_label_is_an_error_and_a_stray_xml_is_none(tmp_path: Path) -> None:
    (tmp_path / "broken.xml").write_text("<Product_Bundle", "utf-8")
    (tmp_path / "stray.xml").write_text("<html/>", "utf-8")
    (tmp_path / "stray.lblx").write_text("<html/>", "utf-8")

    report = run([tmp_path], _SKIPS)

    kinds = {message.path: message.type for message in report.messages}
    assert kinds == {
        "broken.xml": "error.label.schema",
        "stray.xml": "warning.label.not_understandable",
        "stray.lblx": "error.label.not_understandable",
    }


def test_a_folder_without_labels_is_an_error_and_no_product_that_failed(tmp_path: Path) -> None:
    report = run([tmp_path], Options())

    assert [message.type for message in report.messages] == ["error.execution.no_products_found"]
    assert (report.summary.products.total, report.summary.integrity.total) == (0, 0)
    assert not report.is_right


def _message(path: str, **rest: object) -> Message:
    return Message(severity=Severity.ERROR, type="error.x.y", path=path, message="no", **rest)  # type: ignore[arg-type]


def test_results_beyond_the_first_thousands_come_back_as_they_were() -> None:
    findings = Findings()
    for number in range(12_000):
        path = f"{number}.xml"
        findings.product(path, f"urn:x::{number}.0", [_message(path, cause=f"{number} bytes")])
    report = findings.report("luna")

    assert len(report.products) == 12_000
    for _ in range(2):
        assert [result.label for result in report.products] == [f"{n}.xml" for n in range(12_000)]
    assert {result.status for result in report.products} == {Status.FAIL}
    [group] = report.groups
    assert (group.count, group.cause) == (12_000, "… bytes")


def test_a_page_and_xml_hold_hostile_names_as_text(tmp_path: Path) -> None:
    findings = Findings()
    hostile = '<script>alert(1)</script>\x00"&\ud800'
    spot = Spot(kind="table", number=1, record=2, field=3)
    findings.product("a.xml", "urn:x::1.0", [_message("a.xml", found=hostile, line=3)])
    findings.product("b.xml", None, [_message(hostile.replace("\ud800", ""), spot=spot)])
    report = findings.report(hostile.replace("\ud800", ""))

    for name in ("r.html", "r.xml", "r.json", "r.txt"):
        write_report(report, tmp_path / name)

    assert "<script" not in (tmp_path / "r.html").read_text("utf-8")
    root = etree.parse(tmp_path / "r.xml").getroot()
    message = root.find(".//dataFile/messages/message")
    assert message is not None
    assert (message.get("table"), message.get("record"), message.get("field")) == ("1", "2", "3")
    assert root.findtext("summary/totalErrors") == "2"
    assert json.loads((tmp_path / "r.json").read_text("utf-8"))["summary"]["totalErrors"] == 2


def test_the_command_says_what_is_wrong_and_ends_with_it(tmp_path: Path) -> None:
    (tmp_path / "a.xml").write_text("<Product_Bundle", "utf-8")

    wrong = _invoke(tmp_path, "--report", tmp_path / "r.json")
    usage = _invoke(tmp_path / "none")
    shown = _invoke(tmp_path, "--json")

    assert (wrong.exit_code, usage.exit_code, shown.exit_code) == (3, 2, 3)
    assert "error.label.schema" in wrong.stdout
    written = json.loads((tmp_path / "r.json").read_text("utf-8"))
    assert written["configuration"]["version"].startswith("perilune ")
    assert json.loads(shown.stdout)["summary"] == written["summary"]


def test_an_old_command_line_ends_as_validate_does(tmp_path: Path) -> None:
    _labels(tmp_path, 1)
    (tmp_path / "bad.xml").write_text("<Product_Bundle", "utf-8")
    report = tmp_path / "r.json"

    right = _invoke("--compat", "--skip-product-validation", "-t", tmp_path / "d000.xml")
    wrong = _invoke("--compat", "-r", report, "-s", "json", "-t", tmp_path / "bad.xml")
    usage = _invoke("--compat", "--bogus")

    assert (right.exit_code, wrong.exit_code, usage.exit_code) == (0, 1, 1)
    assert "no option --bogus" in usage.stderr
    assert json.loads(report.read_text("utf-8"))["summary"]["totalErrors"] == 1


@pytest.mark.parametrize("style", ["full", "xml", "json"])
def test_an_old_report_style_is_written_whatever_the_name_of_the_file(
    tmp_path: Path, style: str
) -> None:
    (tmp_path / "bad.xml").write_text("<Product_Bundle", "utf-8")
    report = tmp_path / "report.out"

    _invoke("--compat", "-s", style, "-r", report, tmp_path / "bad.xml")

    begins = {"full": "bad.xml: 1 label", "xml": "<?xml", "json": "{"}
    assert report.read_text("utf-8").startswith(begins[style])


def test_lists_of_context_products_are_kept_and_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    lists = tmp_path / "lists"
    lists.mkdir()
    known = {"lidvid": "urn:nasa:pds:context:target:satellite.earth.moon::1.0", "name": ["Moon"]}
    (lists / "known.json").write_text(json.dumps({"Product_Context": [known]}), "utf-8")
    reference = (
        "<Target_Identification><name>Moon</name><type>Satellite</type><Internal_Reference>"
        "<lid_reference>urn:nasa:pds:context:target:satellite.earth.{}</lid_reference>"
        "<reference_type>document_to_target</reference_type></Internal_Reference>"
        "</Target_Identification></Product_Document>"
    )
    for name in ("moon", "lune"):
        text = _GOOD.format(number=1).replace("</Product_Document>", reference.format(name))
        (tmp_path / f"{name}.xml").write_text(text, "utf-8")

    added = CliRunner().invoke(main, ["schemas", "add", str(lists)])
    kinds = {
        name: "context_ref_not_found" in _invoke(tmp_path / f"{name}.xml").stdout
        for name in ("moon", "lune")
    }

    assert added.exit_code == 0, added.output
    assert kinds == {"moon": False, "lune": True}
