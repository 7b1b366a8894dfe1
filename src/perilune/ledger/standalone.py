#!/usr/bin/env python3
"""Check files against a proof of custody, offline, with nothing of Perilune's.

    python3 verify.py PROOF POLICY FILE...

Needs Python 3.8 or newer and the package ``cryptography``. PROOF is what a node gives at
``/log/proof/IDENTIFIER`` (C2SP tlog-proof), POLICY whom you trust (C2SP tlog-policy), which you
should have from somewhere else than the proof. Ends with 0 where every FILE is proved, with 3
where one is not, with 2 on wrong usage.

1. the checkpoint is signed by a log of the policy and seen by the witnesses that it asks for;
2. the entry is in the log under that checkpoint;
3. the entry records the taking in of a product, openly or by a commitment that is opened;
4. the manifest is the one that the entry names;
5. each file is one of the manifest.
"""

from __future__ import annotations

import base64
import hashlib
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

ED25519, COSIGNATURE = 1, 4


class Key(NamedTuple):
    """A verifier key."""

    name: str
    id: bytes
    kind: int
    public: bytes


class Policy(NamedTuple):
    """Whom the reader trusts."""

    logs: list[Key]
    witnesses: dict[str, Key]
    groups: dict[str, tuple[int, list[str]]]
    quorum: str


class Fails(Exception):
    """The proof does not prove it."""


def require(*, holds: bool, step: int, words: str) -> None:
    """End with ``words`` unless ``holds``."""
    if not holds:
        raise Fails(f"step {step}: {words}")


def read_key(vkey: str) -> Key:
    """The key that a policy writes so."""
    name, key_id, data = vkey.split("+", 2)
    raw = base64.b64decode(data, validate=True)
    made = hashlib.sha256(name.encode() + b"\n" + raw).digest()[:4]
    require(
        holds=made.hex() == key_id, step=1, words="the policy has a key whose ID is wrong: " + vkey
    )
    return Key(name, made, raw[0], raw[1:])


def is_signed(key: Key, text: str, lines: Sequence[str]) -> bool:
    """Whether a line under ``text`` is a good signature of ``key``."""
    for line in lines:
        signer, _, data = line[2:].partition(" ")
        raw = base64.b64decode(data, validate=True)
        if not line.startswith("\u2014 ") or signer != key.name or raw[:4] != key.id:
            continue
        message, signature = text, raw[4:]
        if key.kind == COSIGNATURE:
            moment = int.from_bytes(signature[:8], "big")
            message, signature = f"cosignature/v1\ntime {moment}\n{text}", signature[8:]
        try:
            Ed25519PublicKey.from_public_bytes(key.public).verify(signature, message.encode())
        except InvalidSignature:
            return False
        return True
    return False


def read_policy(text: str) -> Policy:
    """The policy in a file."""
    logs: list[Key] = []
    witnesses: dict[str, Key] = {}
    groups: dict[str, tuple[int, list[str]]] = {}
    quorum = ""
    for line in text.splitlines():
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        if words[0] == "log" and len(words) in (2, 3):
            logs.append(read_key(words[1]))
        elif words[0] == "witness" and len(words) in (3, 4):
            witnesses[words[1]] = read_key(words[2])
        elif words[0] == "group" and len(words) > 3:
            needed = {"any": 1, "all": len(words) - 3}.get(words[2]) or int(words[2])
            require(holds=1 <= needed <= len(words) - 3, step=1, words="no such group: " + line)
            groups[words[1]] = (needed, words[3:])
        elif words[0] == "quorum" and len(words) == 2 and not quorum:
            quorum = words[1]
        else:
            raise Fails("step 1: the policy has a line that is not understood: " + line)
    known = quorum == "none" or quorum in witnesses or quorum in groups
    require(holds=known, step=1, words="the policy has no quorum that it explains")
    return Policy(logs, witnesses, groups, quorum)


def accepted(note: str, policy: Policy) -> tuple[str, int, bytes]:
    """Origin, size and root of the checkpoint in ``note``, if the policy is fulfilled."""
    text, _, signatures = note.rpartition("\n\n")
    text, lines = text + "\n", signatures.splitlines()
    origin, size, root = text.split("\n")[:3]
    logs = [key for key in policy.logs if key.kind == ED25519 and key.name == origin]
    is_log = any(is_signed(key, text, lines) for key in logs)
    require(holds=is_log, step=1, words="no log that you trust signed the checkpoint of " + origin)
    cosigners = [each for each in policy.witnesses.items() if each[1].kind == COSIGNATURE]
    seen = {name for name, key in cosigners if is_signed(key, text, lines)}

    def reached(name: str) -> bool:
        if name == "none" or name in seen:
            return True
        needed, members = policy.groups.get(name, (1, []))
        return sum(map(reached, members)) >= needed

    require(
        holds=reached(policy.quorum),
        step=1,
        words="too few witnesses have seen the checkpoint of " + origin,
    )
    return origin, int(size), base64.b64decode(root, validate=True)


def root_from(leaf: bytes, index: int, size: int, path: Sequence[bytes]) -> bytes | None:
    """The root that ``path`` leads to (RFC 9162, section 2.1.3.2); None where it leads nowhere."""
    current, position, last = leaf, index, size - 1
    for sibling in path:
        if last == 0:
            return None
        if position % 2 or position == last:
            current = hashlib.sha256(b"\x01" + sibling + current).digest()
            while position and not position % 2:
                position, last = position // 2, last // 2
        else:
            current = hashlib.sha256(b"\x01" + current + sibling).digest()
        position, last = position // 2, last // 2
    return current if last == 0 else None


def taken_in(entry: bytes, extra: dict[str, Any]) -> dict[str, Any]:
    """The act by which the product was taken in."""
    act: dict[str, Any] = json.loads(entry)
    if act["act"] == "commit":
        require(
            holds="opening" in extra,
            step=3,
            words="the entry is a commitment that the proof does not open",
        )
        opening = base64.b64decode(extra["opening"], validate=True)
        digest = hashlib.sha256(opening).hexdigest()
        require(
            holds=digest == act["commitment"]["sha256"],
            step=3,
            words="the opening is not the one committed",
        )
        hidden = json.loads(opening)["act"]
        require(holds=hidden["t"] == act["t"], step=3, words="the opened act is of another time")
        act = hidden
    require(holds=act["act"] in ("publish", "copy"), step=3, words="the entry takes no product in")
    return act


def prove(proof: str, policy: str, files: Sequence[str]) -> Iterator[str]:
    """Lines that say what was proved; raise `Fails`."""
    head, _, note = proof.partition("\n\n")
    first, packed, index, *path = head.split("\n")
    is_proof = (
        first == "c2sp.org/tlog-proof@v1" and packed[:6] == "extra " and index[:6] == "index "
    )
    require(holds=is_proof, step=1, words="this is no proof")
    origin, size, root = accepted(note, read_policy(policy))
    extra = json.loads(base64.b64decode(packed[6:], validate=True))
    entry = base64.b64decode(extra["entry"], validate=True)
    leaf = hashlib.sha256(b"\x00" + entry).digest()
    number = int(index[6:])
    hashes = [base64.b64decode(line, validate=True) for line in path]
    is_there = 0 <= number < size and root_from(leaf, number, size, hashes) == root
    require(
        holds=is_there, step=2, words=f"the entry is not entry {number} of the log that was signed"
    )
    act = taken_in(entry, extra)
    encoded = base64.b64decode(extra["manifest"], validate=True)
    digest = hashlib.sha256(encoded).hexdigest()
    manifest = json.loads(encoded)
    is_named = digest == act["manifest"]["sha256"] and manifest["product"] == act["lidvid"]
    require(holds=is_named, step=4, words="the manifest is not the one that the entry names")
    known = {(each["size"], each["digests"]["sha256"]): each["path"] for each in manifest["files"]}
    yield f"{act['lidvid']}, entry {number} of {size} of {origin}, {act['t']}"
    for file in files:
        found = hashlib.sha256()
        length = 0
        with Path(file).open("rb") as data:
            for block in iter(lambda: data.read(1 << 20), b""):
                found.update(block)
                length += len(block)
        key = (length, found.hexdigest())
        require(holds=key in known, step=5, words=f"{file} is no file of {act['lidvid']}")
        yield f"Proved: {file} is {known[key]}"


def main(arguments: Sequence[str]) -> int:
    """Exit status."""
    if len(arguments) < 3:
        print(__doc__, file=sys.stderr)
        return 2
    proof, policy = (Path(name).read_text(encoding="utf-8") for name in arguments[:2])
    try:
        for line in prove(proof, policy, arguments[2:]):
            print(line)
    except Fails as error:
        print(f"Not proved: {error}", file=sys.stderr)
        return 3
    except (KeyError, ValueError, TypeError, IndexError, RecursionError) as error:
        print(f"Not proved: the proof or the policy is malformed ({error!r})", file=sys.stderr)
        return 3
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
