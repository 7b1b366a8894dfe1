"""The report: grouped by cause, the worst first, with the value found and the way to mend it."""

import json
from pathlib import Path

from perilune.validation.advice import ADVICE, advice_on
from perilune.validation.findings import report_on
from perilune.validation.report import Examined, Message, Severity, Status
from perilune.validation.writing.document import as_document
from perilune.validation.writing.text import as_text

_MANUAL = Path(__file__).parents[2] / "docs" / "reference" / "report.md"
_CHECKSUM = "error.label.checksum_mismatch"
_CRLF = "MD5 would match if LF were CRLF"


def _wrong(path: str, cause: str, lidvid: str | None = None) -> Message:
    return Message(
        severity=Severity.ERROR,
        type=_CHECKSUM,
        path=path,
        lidvid=lidvid,
        message="MD5 differs",
        found="aaaa",
        expected="bbbb",
        cause=cause,
    )


_WARNING = Message(
    severity=Severity.WARNING,
    type="warning.file.not_referenced_in_label",
    path="stray.txt",
    message="no label names this file",
)
_REPORT = report_on(
    "luna",
    tuple(Examined(f"{n}.xml", f"urn:nasa:pds:luna:data:{n}::1.0") for n in range(7)),
    (
        _WARNING,
        *(_wrong(f"{n}.tab", _CRLF, f"urn:nasa:pds:luna:data:{n}::1.0") for n in range(4)),
        _wrong("4.tab", "file is shorter: 3 of 9 bytes", "urn:nasa:pds:luna:data:4::1.0"),
        _wrong("4.img", "file is shorter: 1 of 8 bytes", "urn:nasa:pds:luna:data:4::1.0"),
        _wrong("5.xml", ""),
    ),
)


def test_messages_are_grouped_by_cause_and_errors_come_first() -> None:
    found = [(group.severity, group.cause, group.count) for group in _REPORT.groups]

    assert found == [
        (Severity.ERROR, _CRLF, 4),
        (Severity.ERROR, "file is shorter: … of … bytes", 2),
        (Severity.ERROR, "", 1),
        (Severity.WARNING, "", 1),
    ]


def test_a_product_fails_by_its_label_or_by_a_file_of_its_own() -> None:
    failed = [each.label for each in _REPORT.products if each.status is Status.FAIL]

    assert failed == [f"{n}.xml" for n in range(6)]


def test_the_text_says_what_why_where_and_how_to_mend_it() -> None:
    text = as_text(_REPORT)

    assert text.startswith("luna: 7 labels, 1 right, 6 wrong; 7 errors, 1 warning\n")
    assert (
        f"""
ERROR  4 x {_CHECKSUM}
  why:  {_CRLF}
  mend: {advice_on(_CHECKSUM, _CRLF)}
  0.tab
      found    aaaa
      expected bbbb
"""
        in text
    )
    assert "  2.tab\n" in text
    assert "  3.tab\n" not in text
    assert "  and 1 more\n" in text
    assert "      file is shorter: 3 of 9 bytes\n" in text


def test_a_name_in_a_delivery_cannot_command_the_terminal() -> None:
    hostile = report_on("luna", (), (_wrong("\x1b[2J\n.tab", _CRLF),))

    assert "\x1b" not in as_text(hostile)
    assert "\\x1b[2J\\n.tab" in as_text(hostile)


def test_the_document_has_the_shape_of_validate_and_groups_beside() -> None:
    document = json.loads(json.dumps(as_document(_REPORT)))

    assert document["summary"] == {
        "totalProducts": 7,
        "totalErrors": 7,
        "totalWarnings": 1,
        "productValidation": {"passed": 1, "failed": 6, "skipped": 0, "total": 7},
        "referentialIntegrity": {"passed": 1, "failed": 0, "skipped": 0, "total": 1},
        "messageTypes": [
            {"messageType": _CHECKSUM, "total": 7},
            {"messageType": "warning.file.not_referenced_in_label", "total": 1},
        ],
    }
    four = document["productLevelValidationResults"][4]
    assert (four["status"], four["label"]) == ("FAIL", "4.xml")
    assert [each["dataFile"] for each in four["dataContents"]] == ["4.img", "4.tab"]
    assert four["dataContents"][1]["messages"][0] == {
        "severity": "ERROR",
        "type": _CHECKSUM,
        "message": "MD5 differs",
        "found": "aaaa",
        "expected": "bbbb",
        "cause": "file is shorter: 3 of 9 bytes",
    }
    assert document["productLevelValidationResults"][6]["status"] == "PASS"
    (stray,) = document["pds4BundleLevelValidationResults"]
    assert (stray["label"], stray["status"]) == ("stray.txt", "PASS")
    assert [group["count"] for group in document["groups"]] == [4, 2, 1, 1]


def test_a_shorter_file_may_have_been_cut_or_edited() -> None:
    (group,) = (each for each in _REPORT.groups if each.cause.startswith("file is shorter"))

    assert "cut short" in group.advice
    assert "edited" in group.advice
    assert group.advice != ADVICE[_CHECKSUM]


def test_faults_are_counted_by_type() -> None:
    assert _REPORT.faults() == [
        {"type": _CHECKSUM, "severity": "error", "count": 7},
        {"type": "warning.file.not_referenced_in_label", "severity": "warning", "count": 1},
    ]


def test_no_message_is_lost_between_list_and_document() -> None:
    document = json.dumps(as_document(_REPORT)["productLevelValidationResults"])
    beside = json.dumps(as_document(_REPORT)["pds4BundleLevelValidationResults"])

    assert document.count('"severity"') + beside.count('"severity"') == len(list(_REPORT.messages))


def test_every_message_type_has_advice_in_one_sentence_and_a_line_in_the_manual() -> None:
    manual = _MANUAL.read_text(encoding="utf-8")
    listed = {line.split("`")[1] for line in manual.splitlines() if line.startswith("| `")}

    assert {name for name in listed if name.count(".") >= 2} == set(ADVICE)
    assert all(advice.endswith(".") for advice in ADVICE.values())
