"""Profiles: what an agency's labels are known for is less severe, and only that."""

from perilune.validation.advice import ADVICE
from perilune.validation.options import Options
from perilune.validation.profiles import profile_of, profiles, tempered
from perilune.validation.report import Message, Severity
from perilune.validation.saying import say

_IIRS = "urn:isro:isda:ch2.iirs"
_PLAIN = Options()


def _severities(lid: str, message: Message, options: Options = _PLAIN) -> list[Severity]:
    return [each.severity for each in tempered([message], lid, options)]


def test_a_size_that_the_md5_vouches_for_is_a_warning_of_isro_alone() -> None:
    vouched = say(
        "error.label.filesize_mismatch",
        "a.csv",
        "too long",
        cause="the MD5 is right, so the label's file_size is wrong",
    )
    bare = say("error.label.filesize_mismatch", "a.csv", "too long")

    assert _severities(_IIRS, vouched) == [Severity.WARNING]
    assert _severities(_IIRS, bare) == [Severity.ERROR]
    assert _severities("urn:nasa:pds:luna", vouched) == [Severity.ERROR]
    assert _severities("CE4_GRAS_LPR-2B_SCI_N_0001_A.2B", bare) == [Severity.WARNING]
    strict = Options(counts_like_validate=True)
    assert _severities(_IIRS, vouched, strict) == [Severity.ERROR]


def test_a_reason_is_added_to_the_cause() -> None:
    message = say("error.label.schema", "a.2CL", "odd", cause="element")

    [told] = tempered([message], "CE4_GRAS_LPR-2B_SCI_N_0001_A.2B", Options())

    assert told.cause.startswith("element; labels of GRAS")


def test_profiles_name_types_that_there_are() -> None:
    types = {each.type for profile in profiles() for each in profile.deviations}

    assert types <= set(ADVICE)
    assert profile_of("urn:nobody:x") is None
    assert {profile.name for profile in profiles()} >= {"nasa", "isro", "gras"}
