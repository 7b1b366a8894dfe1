"""The life of a holding in this archive, each step with its evidence."""

from typing import Any

from perilune.i18n import language as languages
from perilune.i18n.language import Language
from perilune.model.act import time_text
from perilune.model.product import Holding
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
    }


def steps(holding: Holding, node: Node, language: Language) -> list[dict[str, str]]:
    """The same as steps in time: ``look``, a class of the style sheet, ``what`` and ``details``."""
    checkpoint, fixity = node.log.checkpoint, node.catalogue.fixity()
    files = language.counted("%(n)s file", "%(n)s files", len(holding.manifest.files))
    shown = [
        {
            "look": "",
            "what": language.text("Published by %(node)s", node=node.config.name),
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
