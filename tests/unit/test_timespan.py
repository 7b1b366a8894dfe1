"""Times of labels, against the PDS4 data types of dates and times."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perilune.model.timespan import read_utc

_DAY_S = 86_400.0


@pytest.mark.parametrize(
    ("text", "moment", "precision"),
    [
        ("2013-09-07T03:27:00.123456Z", datetime(2013, 9, 7, 3, 27, 0, 123456, UTC), 1e-6),
        ("2013-09-07T03:27:00Z", datetime(2013, 9, 7, 3, 27, tzinfo=UTC), 1.0),
        ("2013-250T03:27", datetime(2013, 9, 7, 3, 27, tzinfo=UTC), 60.0),
        ("2013-09-07Z", datetime(2013, 9, 7, tzinfo=UTC), _DAY_S),
        ("2013-09", datetime(2013, 9, 1, tzinfo=UTC), 31 * _DAY_S),
        ("2013", datetime(2013, 1, 1, tzinfo=UTC), 366 * _DAY_S),
        ("2013-09-07T24:00:00Z", datetime(2013, 9, 8, tzinfo=UTC), 1.0),
        # the leap second of 2016-12-31, which has no place in a datetime
        ("2016-12-31T23:59:60Z", datetime(2016, 12, 31, 23, 59, 59, 999999, UTC), 1.0),
        ("2016-366T12:00:00.5Z", datetime(2016, 12, 31, 12, 0, 0, 500000, UTC), 0.1),
    ],
)
def test_every_form_of_a_date_is_read(text: str, moment: datetime, precision: float) -> None:
    found, how_far = read_utc(text)

    assert found == moment
    assert how_far == pytest.approx(precision)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "UNK",
        "2013-13-01",
        "2013-02-30",
        "2013-366",
        "2013-09-07T25:00",
        "2013-09-07T12:60",
        "2013-09-07T23:59:61Z",
        "2013-09-07 12:00",
        "13-09-07",
        "2013-09-07T24:00:01Z",
        "2013-000",
    ],
)
def test_what_is_no_date_is_refused_with_the_value(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        read_utc(text)


@given(st.datetimes(min_value=datetime(1000, 1, 1), max_value=datetime(9999, 12, 30)))  # noqa: DTZ001
def test_any_instant_written_in_full_comes_back(moment: datetime) -> None:
    text = moment.strftime("%Y-%m-%dT%H:%M:%S.%f") + "Z"
    by_day = moment.strftime("%Y-%jT%H:%M:%S.%f") + "Z"

    assert read_utc(text)[0] == moment.replace(tzinfo=UTC)
    assert read_utc(by_day)[0] == moment.replace(tzinfo=UTC)
