"""The life of a holding in this archive, each step with its evidence."""

from typing import Any

from perilune.federation.status import elsewhere
from perilune.i18n import language as languages
from perilune.i18n.language import Language
from perilune.model.product import Holding
from perilune.model.reading import time_text
from perilune.node import Node
from perilune.web.pages.rendering import to_path


def document(holding: Holding, node: Node) -> dict[str, Any]:
    """What the log and the newest reading back say of a holding."""
    checkpoint, fixity = node.log.checkpoint, node.catalogue.fixity()
    lidvid = to_path(str(holding.product.id))
    return {
        "index": holding.index,
        "accessioned": time_text(holding.accessioned),
        "delivery": holding.delivery,
        "manifest": holding.manifest.sha256,
        "log": {
            "origin": checkpoint.origin,
            "size": checkpoint.size,
            "root": checkpoint.root.hex(),
            "checkpoint": "/log/checkpoint",
        },
        "read_back": None
        if fixity is None or fixity.index < holding.index
        else {
            "at": time_text(fixity.at),
            "index": fixity.index,
            "damaged": sorted(
                {entry.path for entry in holding.manifest.files if entry.sha256 in fixity.damaged}
            ),
        },
        "proof": f"/log/proof/{lidvid}",
        "origin": holding.origin or None,
        "elsewhere": [
            {
                "node": there.name,
                "origin": there.origin,
                "is_owner": there.is_owner,
                "verified": time_text(there.verified) if there.verified else None,
            }
            for there in elsewhere(holding, node)
        ],
    }


def steps(holding: Holding, node: Node, language: Language) -> list[dict[str, str]]:
    """The same as steps in time: ``look``, a class of the style sheet, ``what`` and ``details``."""
    checkpoint, fixity = node.log.checkpoint, node.catalogue.fixity()
    others = elsewhere(holding, node)
    files = language.counted("%(n)s file", "%(n)s files", len(holding.manifest.files))
    owners = [there.name for there in others if there.is_owner]
    name = node.config.name
    shown = [
        {
            "look": "",
            "what": language.text("Published by %(node)s", node=owner),
            "details": holding.origin,
        }
        for owner in owners
    ]
    shown += [
        {
            "look": "",
            "what": language.text("Copied by %(node)s", node=name)
            if holding.origin
            else language.text("Published by %(node)s", node=name),
            "details": language.text(
                "entry %(index)s · %(time)s · %(files)s, %(size)s",
                index=language.number(holding.index),
                time=languages.second(holding.accessioned),
                files=files,
                size=language.size(holding.manifest.total_bytes),
            ),
        },
        {
            "look": "",
            "what": language.text("Under the signed head of the log"),
            "details": language.text(
                "%(entries)s · root %(root)s…",
                entries=language.counted("%(n)s entry", "%(n)s entries", checkpoint.size),
                root=checkpoint.root.hex()[:16],
            ),
        },
    ]
    shown += [
        {
            "look": "",
            "what": language.text("Held by %(node)s too", node=there.name),
            "details": language.text(
                "custody receipt of %(time)s", time=languages.second(there.verified)
            ),
        }
        for there in others
        if there.verified is not None
    ]
    if fixity is None or fixity.index < holding.index:
        what = language.text("Not read back yet since it was taken in")
        details = language.text("Every download is compared with the manifest all the same.")
        return [*shown, {"look": "wait", "what": what, "details": details}]
    damaged = [entry for entry in holding.manifest.files if entry.sha256 in fixity.damaged]
    what = (
        language.counted(
            "Read back, %(n)s file damaged", "Read back, %(n)s files damaged", len(damaged)
        )
        if damaged
        else language.text("Read back and equal")
    )
    look = "bad" if damaged else ""
    return [*shown, {"look": look, "what": what, "details": languages.second(fixity.at)}]
