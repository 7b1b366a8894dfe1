"""Keys, shares and containers of sealed copies, against published vectors and other readers."""

import io
import tarfile
from hashlib import sha256
from itertools import combinations

import pyrage
import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from perilune.errors import ProofFails, WrongUsage
from perilune.model.package import FileEntry, Manifest
from perilune.sealing import shamir
from perilune.sealing.container import Packed, Unpacked, padded_size
from perilune.sealing.key import bech32, decrypt, encrypt, identity_of, new_secret, recipient_of
from perilune.sealing.recovery import Shares
from perilune.testing import build

LEAF = sha256(b"an entry").digest()
LONG = "data/" + "long/" * 40 + "\u043b\u0443\u043d\u0430.img"
FILES = {"data/a.csv": b"1,2\r\n", LONG: b"x" * 3000}


def test_the_published_case_of_threshold_secret_sharing_is_ours() -> None:
    """draft-mcgrew-tss-03, section 9."""
    shares = {1: bytes.fromhex("B9FA07E185"), 2: bytes.fromhex("F5409B4511")}

    assert shamir.combine(shares) == bytes.fromhex("7465737400")


@given(
    secret=st.binary(min_size=1, max_size=40),
    threshold=st.integers(1, 5),
    spare=st.integers(0, 3),
)
def test_any_k_of_n_shares_give_the_secret_back(secret: bytes, threshold: int, spare: int) -> None:
    shares = shamir.split(secret, threshold, threshold + spare)

    for numbers in combinations(shares, threshold):
        assert shamir.combine({number: shares[number] for number in numbers}) == secret


def test_fewer_shares_than_the_threshold_fit_every_secret() -> None:
    """Of one byte and 2 of 2: one share is followed by as many second ones as there are secrets."""
    share = shamir.split(b"\x2a", 2, 2)[1]

    found = {shamir.combine({1: share, 2: bytes([other])}) for other in range(256)}

    assert len(found) == 256


@pytest.mark.parametrize(("threshold", "count"), [(0, 3), (4, 3), (2, 256)])
def test_shares_that_cannot_be_are_refused(threshold: int, count: int) -> None:
    with pytest.raises(WrongUsage):
        shamir.split(b"secret", threshold, count)


def test_bech32_is_that_of_bip_173() -> None:
    """Two of the valid strings of its test vectors."""
    assert bech32("a", b"") == "a12uel5l"
    program = bytes.fromhex("00443214c74254b635cf84653a56d7c675be77df")
    assert bech32("abcdef", program) == "abcdef1qpzry9x8gf2tvdw0s3jn54khce6mua7lmqqqxw"


def test_a_derived_key_is_an_age_identity_of_that_x25519_key() -> None:
    identity = identity_of(bytes(32), LEAF)

    found = pyrage.x25519.Identity.from_str(identity)

    assert str(found.to_public()) == recipient_of(identity)
    assert identity_of(bytes(32), LEAF) == identity
    assert identity_of(bytes(32), sha256(b"another").digest()) != identity
    raw = bytes(range(32))
    public = X25519PrivateKey.from_private_bytes(raw).public_key()
    data = public.public_bytes(Encoding.Raw, PublicFormat.Raw)
    assert recipient_of(bech32("age-secret-key-", raw).upper()) == bech32("age", data)


def packed(opening: bytes | None = b"{}") -> tuple[bytes, Manifest]:
    manifest = build.manifest(files=FILES)
    label = build.label(build.product())

    def bytes_of(entry: FileEntry) -> list[bytes]:
        return [FILES.get(entry.path, label)]

    source = Packed(opening, manifest, lambda entry: iter(bytes_of(entry)))
    return b"".join(iter(lambda: source.read(1000), b"")), manifest


def test_a_sealed_copy_is_a_tar_that_others_take_apart() -> None:
    data, manifest = packed()

    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        found = {each.name: (tar.extractfile(each) or io.BytesIO()).read() for each in tar}

    assert found.pop("opening.json") == b"{}"
    assert found.pop("manifest.json") == manifest.encode()
    assert found.pop("files/data/image_1.xml") == build.label(build.product())
    assert found == {f"files/{path}": content for path, content in FILES.items()}
    assert len(data) == padded_size(len(data))


def test_a_container_gives_back_what_was_packed_and_takes_no_other_framing() -> None:
    data, manifest = packed()

    unpacked = Unpacked(io.BytesIO(data))
    assert unpacked.opening(100) == b"{}"
    assert unpacked.manifest(len(manifest.encode())) == manifest.encode()
    for entry in manifest.files:
        unpacked.start_of(entry)
        assert sha256(unpacked.content(entry).read()).hexdigest() == entry.sha256

    for place in (0, 130, 300):
        changed = data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]
        with pytest.raises(ProofFails):
            Unpacked(io.BytesIO(changed)).opening(100)
    with pytest.raises(ProofFails):
        Unpacked(io.BytesIO(data)).opening(1)
    with pytest.raises(ProofFails):
        Unpacked(io.BytesIO(packed(None)[0])).opening(100)
    with pytest.raises(ProofFails, match="too soon"):
        Unpacked(io.BytesIO(data[:513])).opening(100)


@given(st.integers(2, 1 << 50))
def test_padding_costs_at_most_an_eighth_and_hides_the_low_bits(size: int) -> None:
    padded = padded_size(size)

    assert size <= padded <= size * 1.125
    assert padded_size(padded) == padded


def test_padding_is_that_of_the_paper() -> None:
    """Nikitin et al., section 4: 9 bytes stay 10, and 2^20 + 1 grow by less than 2^16."""
    assert [padded_size(size) for size in (8, 9, 10, 1 << 20, (1 << 20) + 1)] == [
        8,
        10,
        10,
        1 << 20,
        (1 << 20) + (1 << 15),
    ]


def test_what_is_encrypted_opens_with_its_key_alone_and_not_when_a_bit_changed() -> None:
    identity = identity_of(new_secret(), LEAF)
    sealed = io.BytesIO()
    encrypt(io.BytesIO(b"m" * 200_000), sealed, [recipient_of(identity)])

    opened = io.BytesIO()
    decrypt(io.BytesIO(sealed.getvalue()), opened, identity)

    assert opened.getvalue() == b"m" * 200_000
    with pytest.raises(ProofFails, match="does not open"):
        decrypt(io.BytesIO(sealed.getvalue()), io.BytesIO(), identity_of(new_secret(), LEAF))
    data = bytearray(sealed.getvalue())
    data[-5] ^= 1
    with pytest.raises(ProofFails, match="does not open"):
        decrypt(io.BytesIO(data), io.BytesIO(), identity)
    with pytest.raises(ProofFails, match="not an age identity"):
        decrypt(io.BytesIO(sealed.getvalue()), io.BytesIO(), "AGE-SECRET-KEY-1")


class Broken:
    """A source that fails as a disk does."""

    def read(self, _size: int = -1, /) -> bytes:
        raise OSError(5, "a bad sector")


def test_a_disk_that_fails_is_told_as_that() -> None:
    identity = identity_of(new_secret(), LEAF)

    with pytest.raises(OSError, match="a bad sector"):
        encrypt(Broken(), io.BytesIO(), [recipient_of(identity)])
    with pytest.raises(OSError, match="a bad sector"):
        decrypt(Broken(), io.BytesIO(), identity)


def test_recovery_shares_open_for_k_of_n_and_for_no_fewer() -> None:
    secret = new_secret()
    people = [identity_of(new_secret(), LEAF) for _ in range(3)]
    shares = Shares.of(secret, [recipient_of(each) for each in people], 2)

    read = Shares.decode(shares.encode())

    assert read == shares
    for two in combinations(people, 2):
        assert read.combined(two) == secret
    with pytest.raises(WrongUsage, match="1 of the shares"):
        read.combined(people[:1])
    with pytest.raises(WrongUsage, match="1 of the shares"):
        read.combined([people[0], people[0]])
