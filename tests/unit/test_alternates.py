"""A bundle of which a part lies elsewhere, or of which only some labels are looked at."""

import shutil
from pathlib import Path

import pytest

from perilune.mission.simulate import write_bundle
from perilune.validation.options import Options, Rule
from perilune.validation.report import Report
from perilune.validation.run import Means, run

BUNDLE = Options(rule=Rule.BUNDLE, checks_context=False, checks_products=False)
ALONE = Means(jobs=1)


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    folder = tmp_path / "bundle"
    write_bundle(folder)
    return folder


def types(report: Report) -> set[str]:
    return {message.type for message in report.messages}


def test_labels_of_other_folders_count_as_members_and_are_skipped(bundle: Path) -> None:
    elsewhere = bundle.parent / "elsewhere" / "deep"
    elsewhere.mkdir(parents=True)
    for number in (1, 2, 3):
        shutil.move(bundle / "data_raw" / f"stc_0{number}_raw.xml", elsewhere)
    assert "error.integrity.member_not_found" in types(run([bundle], BUNDLE, ALONE))

    options = Options(
        rule=Rule.BUNDLE,
        checks_context=False,
        checks_products=False,
        alternates=(elsewhere.parent, bundle.parent / "nowhere"),
    )
    report = run([bundle], options, ALONE)

    assert report.is_right
    told = [each for each in report.messages if each.type == "info.validation.general"]
    assert [each.found for each in told] == ["a folder", "no folder"]
    assert report.summary.products.skipped == 38


@pytest.mark.parametrize("every", [2, 3, 7])
def test_every_nth_label_is_checked_and_the_others_are_no_strangers(
    bundle: Path, every: int
) -> None:
    labels = len(list(bundle.rglob("*.xml")))

    report = run(
        [bundle], Options(rule=Rule.BUNDLE, checks_context=False, every_label=every), ALONE
    )

    assert report.is_right
    assert report.summary.products.total == len(range(0, labels, every))
    assert types(report) == set()
