"""Checkpoints: the example of C2SP tlog-checkpoint, and what is none."""

import pytest

from perilune.errors import ProofFails
from perilune.ledger.checkpoint import Checkpoint

EXAMPLE = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
"""Of C2SP tlog-checkpoint v1.0.0."""


def test_the_example_of_the_specification_is_read_and_written() -> None:
    found = Checkpoint.parse(EXAMPLE)

    assert found.origin == "example.com/behind-the-sofa"
    assert found.size == 20_852_163
    assert found.root.hex().startswith("0ac5186a91863e8e")
    assert found.text == EXAMPLE


@pytest.mark.parametrize(
    "text",
    [
        "",
        EXAMPLE[:-1],
        EXAMPLE + "extension\n",
        EXAMPLE + "\n",
        EXAMPLE.replace("example.com/behind-the-sofa", ""),
        EXAMPLE.replace("20852163", "020852163"),
        EXAMPLE.replace("20852163", "-1"),
        EXAMPLE.replace("20852163", "+1"),
        EXAMPLE.replace("20852163", "20_852_163"),
        EXAMPLE.replace("20852163", "\u0661"),
        EXAMPLE.replace("20852163", "9" * 20),
        EXAMPLE.replace("I=\n", "J=\n"),
        EXAMPLE.replace("CsUYapGG", ""),
        EXAMPLE.replace("I=\n", "I\n"),
    ],
)
def test_what_is_no_checkpoint_is_refused(text: str) -> None:
    with pytest.raises(ProofFails):
        Checkpoint.parse(text)
