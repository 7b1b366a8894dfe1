"""Why an MD5 differs: named only where undoing it gives the announced MD5 again."""

import hashlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perilune.validation import causes
from perilune.validation.causes import why_md5_differs


def _md5(data: bytes) -> str:
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


_UNIX = b"line one\nline two\n"
_DOS = b"line one\r\nline two\r\n"


@pytest.mark.parametrize(
    ("here", "announced", "cause"),
    [
        (_UNIX, _DOS, "MD5 would match if LF were CRLF"),
        (_DOS, _UNIX, "MD5 would match if CRLF were LF"),
        (b"line one\nline two\r\n", _DOS, "MD5 would match if LF were CRLF"),
        (_UNIX, _UNIX[:-1], "MD5 would match without the final newline"),
        (_DOS, _DOS[:-2], "MD5 would match without the final newline"),
        (_UNIX[:-1], _UNIX, "MD5 would match with a final newline (LF)"),
        (_DOS[:-2], _DOS, "MD5 would match with a final newline (CRLF)"),
        (_UNIX, _DOS[:-2], "MD5 would match if LF were CRLF and without the final newline"),
        (_DOS, _UNIX[:-1], "MD5 would match if CRLF were LF and without the final newline"),
        (b"abcd", b"abcdef", "file is shorter: 4 of 6 bytes"),
        (b"", b"abcdef", "file is shorter: 0 of 6 bytes"),
        (b"abcdef", b"abcd", "file is longer by 2 bytes; the bytes before them are right"),
        (b"abcdef", b"abxd", "file is longer by 2 bytes"),
        (b"abcd", b"abcx", "content differs"),
        (
            _UNIX,
            b"line 1**\r\nline two\r\n",
            "content differs; the size would match if LF were CRLF",
        ),
    ],
)
def test_the_cause_is_named(here: bytes, announced: bytes, cause: str, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(here)

    assert why_md5_differs(here, _md5(announced), len(announced)) == cause
    assert why_md5_differs(file, _md5(announced).upper(), len(announced)) == cause


def test_without_an_announced_size_only_the_content_can_be_said_to_differ() -> None:
    assert why_md5_differs(b"abcd", _md5(b"abcdef")) == "content differs"


@given(st.binary(max_size=200), st.integers(1, 9))
def test_chunks_that_end_within_a_line_ending_change_nothing(data: bytes, chunk: int) -> None:
    text = data.replace(b"\r", b"").replace(b"\0", b"\n") + b"\n"
    dos = text.replace(b"\n", b"\r\n")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(causes, "_CHUNK", chunk)
        assert why_md5_differs(text, _md5(dos), len(dos)) == "MD5 would match if LF were CRLF"
        assert why_md5_differs(dos, _md5(text), len(text)) == "MD5 would match if CRLF were LF"


def test_a_large_file_is_compared_by_size_alone() -> None:
    large = b"\n" * causes.REWRITES_BELOW

    cause = why_md5_differs(large, _md5(large.replace(b"\n", b"\r\n")), 2 * len(large))

    assert cause == f"file is shorter: {len(large)} of {2 * len(large)} bytes"
