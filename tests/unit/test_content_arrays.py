"""Elements against bounds and special constants; bit patterns after IEEE 754 by ``struct``."""

import math
import struct
from pathlib import Path

import numpy as np
import pytest

from perilune.formats.pds4.numbers import NUMBER_TYPES
from perilune.testing.data_objects import array, constants, product, statistics
from perilune.validation.content import check_content
from perilune.validation.content.java import java_text
from perilune.validation.content.numbers import element_of
from perilune.validation.options import Options
from perilune.validation.report import Message

LOWEST = struct.unpack(">f", bytes.fromhex("FF7FFFFB"))[0]
MISSING = "-3.40282265508890445e+38"
NAN, INF = math.nan, math.inf


def told(folder: Path, objects: str, data: bytes, options: Options | None = None) -> list[Message]:
    return list(check_content(product(folder, objects, data), options or Options()))


@pytest.mark.parametrize(
    "text", ["16#FF7FFFFB", "16#FF7FFFFB#", "0xFF7FFFFB", "2#11111111011111111111111111111011",
             MISSING, "0o37737777773"]
)  # fmt: skip
def test_a_constant_may_be_written_as_a_number_or_as_its_bits(text: str, tmp_path: Path) -> None:
    elements = np.array([LOWEST, 1, 2], dtype=">f4").tobytes()
    bounds = statistics("Object", minimum="1", maximum="2")
    with_it = array("IEEE754MSBSingle", [3], rest=constants(missing_constant=text) + bounds)
    without = array("IEEE754MSBSingle", [3], rest=bounds)

    assert not told(tmp_path, with_it, elements)
    assert len(told(tmp_path, without, elements)) == 1


@pytest.mark.parametrize("data_type", NUMBER_TYPES)
def test_zero_is_zero_in_every_type(data_type: str) -> None:
    dtype = NUMBER_TYPES[data_type].newbyteorder("=")
    if dtype.kind == "c":
        dtype = np.dtype(f"f{dtype.itemsize // 2}")

    assert [element_of(text, dtype) for text in ("0", "0.0", "16#0#", "-0", "0e9")] == [0] * 5
    assert element_of("none", dtype) is None
    assert element_of("16#" + "F" * (2 * dtype.itemsize + 1), dtype) is None


@pytest.mark.parametrize(
    ("values", "rest", "count"),
    [
        ([NAN, INF, -INF, 1.0], "", 0),
        ([NAN, 1.0], statistics("Object", minimum="0", maximum="2"), 0),
        ([INF, -INF, 1.0], statistics("Object", minimum="0", maximum="2"), 2),
        ([NAN, 1.0], constants(valid_maximum="2"), 1),
        ([NAN, 1.0], constants(valid_maximum="2", missing_constant="NaN"), 0),
        ([INF, 1.0], constants(valid_maximum="2", saturated_constant="INF"), 0),
        ([2.04, -0.04], statistics("Object", minimum="0.0", maximum="2.0"), 0),
        ([2.06, -0.06], statistics("Object", minimum="0.0", maximum="2.0"), 2),
        ([2.04], statistics("Object", maximum="2.00"), 1),
    ],
)
def test_numbers_that_are_none_and_digits_of_bounds(
    values: list[float], rest: str, count: int, tmp_path: Path
) -> None:
    elements = np.array(values, dtype="<f8")
    objects = array("IEEE754LSBDouble", [len(values)], rest=rest)

    assert len(told(tmp_path, objects, elements.tobytes())) == count


def test_scaled_extremes_hold_for_scaled_values(tmp_path: Path) -> None:
    scaled = statistics("Object", minimum_scaled_value="-10", maximum_scaled_value="30")
    element = "<scaling_factor>-10</scaling_factor><value_offset>20</value_offset>"
    elements = np.arange(-3, 6, dtype="i1")
    objects = array("SignedByte", [9], element=element, rest=scaled)

    found = told(tmp_path, objects, elements.tobytes())

    places = [message.spot.location[0] for message in found if message.spot is not None]
    wanted = [n for n, value in enumerate(elements, 1) if not -10 <= int(value) * -10 + 20 <= 30]
    assert places == wanted
    assert {message.type for message in found} == {"error.array.value_out_of_scaled_min_max_range"}


@pytest.mark.parametrize("data_type", ["IEEE754MSBSingle", "IEEE754LSBDouble"])
def test_an_image_of_which_most_is_wrong_is_counted_exactly(data_type: str, tmp_path: Path) -> None:
    elements = np.random.default_rng(8).normal(0, 2, 60_000).astype(NUMBER_TYPES[data_type])
    elements[::1000] = 1.0
    elements[1::1000] = np.nan
    elements[2::1000] = np.inf
    rest = statistics("Object", minimum="-1", maximum="1.0", maximum_scaled_value="3")
    element = "<scaling_factor>2</scaling_factor>"
    objects = array(data_type, [60_000], element=element, rest=rest)
    numbers = elements.astype(float)

    found = told(tmp_path, objects, elements.tobytes())

    counts: dict[str, int] = {}
    for message in found:
        counts[message.type] = counts.get(message.type, 0) + message.count
    assert counts == {
        "error.array.value_out_of_min_max_range": int(
            (numbers < -1.5).sum() + (numbers > 1.05).sum()
        ),
        "error.array.value_out_of_scaled_min_max_range": int((numbers * 2 > 3.5).sum()),
    }
    assert len(found) == 2 * 101


def test_bounds_beyond_the_type_are_compared_all_the_same(tmp_path: Path) -> None:
    bytes_ = np.array([0, 255], dtype="u1").tobytes()
    above = array("UnsignedByte", [2], rest=statistics("Object", minimum="300"))
    below = array("UnsignedByte", [2], rest=statistics("Object", maximum="1e30", minimum="-7"))

    assert len(told(tmp_path, above, bytes_)) == 2
    assert not told(tmp_path, below, bytes_)


def test_an_array_cut_short_is_told_once_and_read_as_far_as_it_goes(tmp_path: Path) -> None:
    objects = array("SignedMSB2", [1000], rest=statistics("Object", maximum="5"))
    data = np.array([1, 9], dtype=">i2").tobytes()
    options = Options(counts_like_validate=True)

    found = [message.type for message in told(tmp_path, objects, data)]
    there = [message.type for message in told(tmp_path, objects, data, options)]

    assert found == ["error.array.bad_file_read", "error.array.value_out_of_min_max_range"]
    assert there == ["error.array.bad_file_read"]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.1, "0.1"),
        (1e7, "1.0E7"),
        (9999999.0, "9999999.0"),
        (0.001, "0.001"),
        (0.00012345, "1.2345E-4"),
        (-1.5e300, "-1.5E300"),
        (0.0, "0.0"),
        (np.float32(0.1), "0.1"),
        (np.float32(-3.4028227e38), "-3.4028227E38"),
    ],
)  # Java SE API, Double.toString
def test_numbers_are_written_as_java_writes_them(value: float, text: str) -> None:
    assert java_text(value) == text
