"""Intervals and paces as settings write them."""

from datetime import timedelta

import pytest

from perilune.model.pace import Pace, interval_text, read_interval


@pytest.mark.parametrize("text", ["30 s", "15 min", "6 h", "90 days", "never"])
def test_an_interval_is_written_as_it_was_read(text: str) -> None:
    assert interval_text(read_interval(text)) == text


@pytest.mark.parametrize("text", ["", "0 min", "15min", "15 minutes", "-1 h", "1.5 h", "15"])
def test_what_is_no_interval_is_refused_with_the_text(text: str) -> None:
    with pytest.raises(ValueError, match="not an interval"):
        read_interval(text)


def test_a_pace_in_bytes_holds_whatever_there_is_to_read() -> None:
    pace = Pace.read("20 MB/s")

    assert pace is not None
    assert pace.rate(10**15) == 20_000_000
    assert pace.pause_s(100) == 0
    assert pace.every == timedelta(days=1)


def test_a_pace_within_an_interval_leaves_room_for_what_comes_between() -> None:
    pace = Pace.read("whole in 10 days")

    assert pace is not None
    assert pace.every == timedelta(days=10)
    assert pace.pause_s(10) == timedelta(days=1).total_seconds()
    assert pace.rate(864_000 * 10**9) == 2 * 10**9


@pytest.mark.parametrize("text", ["20", "20 MB", "0 MB/s", "whole in never", "whole in 3", "fast"])
def test_what_is_no_pace_is_refused_with_the_text(text: str) -> None:
    with pytest.raises(ValueError, match="not a"):
        Pace.read(text)
