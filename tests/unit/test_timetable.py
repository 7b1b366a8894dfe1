"""Limits are read in rclone's words, and held."""

from datetime import datetime
from pathlib import Path

import pytest

from perilune import config
from perilune.errors import WrongUsage
from perilune.federation.pace import Pace
from perilune.federation.replica import urgency
from perilune.model.timetable import Timetable

MONDAY = datetime(2026, 11, 23, 0, 0)  # noqa: DTZ001  # local time, whose zone does not matter


@pytest.mark.parametrize(
    ("text", "bytes_s"),
    [
        ("10M", 10 << 20),
        ("512k", 512 << 10),
        ("512", 512 << 10),
        ("0.5M", 1 << 19),
        ("2G", 2 << 30),
        ("100B", 100),
        ("1MiB", 1 << 20),
        ("off", None),
        ("", None),
    ],
)
def test_a_rate_is_read_as_rclone_reads_it(text: str, bytes_s: float | None) -> None:
    assert Timetable.parse(text).at(MONDAY) == bytes_s


# the example of rclone's manual: https://rclone.org/docs/, --bwlimit
DAY = Timetable.parse("08:00,512k 12:00,10M 13:00,512k 18:00,30M 23:00,off")
WEEK = Timetable.parse("Mon-00:00,512 Fri-23:59,10M Sat-10:00,1M Sun-20:00,off")


@pytest.mark.parametrize(
    ("timetable", "day", "time", "bytes_s"),
    [
        (DAY, 0, (7, 59), None),
        (DAY, 0, (8, 0), 512 << 10),
        (DAY, 3, (12, 30), 10 << 20),
        (DAY, 6, (17, 59), 512 << 10),
        (DAY, 6, (18, 0), 30 << 20),
        (DAY, 2, (23, 0), None),
        (WEEK, 0, (0, 0), 512 << 10),
        (WEEK, 4, (23, 58), 512 << 10),
        (WEEK, 4, (23, 59), 10 << 20),
        (WEEK, 5, (10, 0), 1 << 20),
        (WEEK, 6, (19, 59), 1 << 20),
        (WEEK, 6, (23, 59), None),
    ],
)
def test_a_timetable_holds_by_day_and_hour(
    timetable: Timetable, day: int, time: tuple[int, int], bytes_s: float | None
) -> None:
    hour, minute = time
    assert timetable.at(MONDAY.replace(day=23 + day, hour=hour, minute=minute)) == bytes_s


def test_before_its_first_entry_of_the_week_the_last_one_holds() -> None:
    assert Timetable.parse("Wed-08:00,1M Fri-18:00,2M").at(MONDAY) == 2 << 20


@pytest.mark.parametrize("text", ["0", "fast", "10X", "-1M", "8:00,1M", "24:00,1M", "Foo-08:00,1M"])
def test_what_is_no_rate_is_refused_by_its_name(text: str) -> None:
    with pytest.raises(WrongUsage, match="not a"):
        Timetable.parse(text)


class Clock:
    """Time that passes only while somebody sleeps."""

    def __init__(self) -> None:
        self.now = 0.0

    def sleep(self, seconds: float) -> None:
        assert seconds > 0
        self.now += seconds


@pytest.mark.parametrize("size", [5_000, 65_536, 1 << 20])
def test_a_pace_is_held_whatever_the_size_of_the_runs(size: int) -> None:
    clock = Clock()
    pace = Pace(Timetable.parse("1M"), lambda: MONDAY, lambda: clock.now, clock.sleep)
    total = 0
    while total < 20 << 20:
        pace.take(size)
        total += size
    assert clock.now == pytest.approx(20, rel=0.06)


def test_what_was_not_used_is_not_saved_up() -> None:
    clock = Clock()
    pace = Pace(Timetable.parse("1M"), lambda: MONDAY, lambda: clock.now, clock.sleep)
    clock.now += 1_000
    before = clock.now
    pace.take(2 << 20)
    assert clock.now - before == pytest.approx(1.75)


def test_a_change_of_the_limit_is_felt_while_waiting() -> None:
    clock = Clock()

    def now() -> datetime:
        return MONDAY.replace(hour=8 if clock.now < 1 else 9)

    pace = Pace(Timetable.parse("08:00,1k 09:00,off"), now, lambda: clock.now, clock.sleep)
    pace.take(1 << 20)
    assert clock.now == pytest.approx(1, abs=0.3)


def test_what_is_named_first_is_urgent_in_that_order() -> None:
    first = ("urn:ros:rssa:luna26:nav*", "urn:ros:rssa:luna26:*")

    assert urgency("urn:ros:rssa:luna26:nav_cam:img1", first) == 0
    assert urgency("urn:ros:rssa:luna26:stc:img1", first) == 1
    assert urgency("urn:ros:rssa:luna25:stc:img1", first) == 2


def test_settings_of_transfer_are_kept_and_false_ones_named(tmp_path: Path) -> None:
    text = 'name = "A"\norigin = "a/log"\nnamespaces = ["urn:ros:rssa"]\n'
    more = 'transfer_limit = "08:00,1M 20:00,off"\ntransfer_first = ["urn:ros:rssa:a:*"]\n'
    (tmp_path / "node.toml").write_text(text + more)
    found = config.load(tmp_path)
    config.save(found, tmp_path)

    assert config.load(tmp_path) == found
    assert found.transfer_first == ("urn:ros:rssa:a:*",)
    for false in ('transfer_limit = "fast"\n', "transfer_limit = 5\n", "transfer_first = [5]\n"):
        (tmp_path / "node.toml").write_text(text + false)
        with pytest.raises(WrongUsage, match=r"fast|transfer_"):
            config.load(tmp_path)
