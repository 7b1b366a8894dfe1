"""One visit to a page: who asks which node, and how the answer is wanted."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Request
from fastapi.responses import Response

from perilune.access.policy import Asker
from perilune.i18n.language import Language
from perilune.node import Node
from perilune.web.context import TheAsker, TheNode
from perilune.web.pages.rendering import Reader, TheReader, answer


@dataclass(frozen=True, slots=True)
class Visit:
    """All that a page may depend on."""

    request: Request
    node: Node
    asker: Asker
    reader: Reader

    @property
    def language(self) -> Language:
        """The language of the page."""
        return self.reader.language

    @property
    def wants_json(self) -> bool:
        """Whether the JSON twin is wanted."""
        return self.reader.wants_json

    @property
    def base(self) -> str:
        """Address of this node as the visitor reaches it, without a slash at the end."""
        return str(self.request.base_url).rstrip("/")

    def answer(self, template: str, document: Mapping[str, Any], **shown: object) -> Response:
        """``document`` as JSON, or as the page of ``template``, which gets ``shown`` besides."""
        return answer(self.request, self.reader, template, document, **shown)


def _visit(request: Request, node: TheNode, asker: TheAsker, reader: TheReader) -> Visit:
    return Visit(request, node, asker, reader)


TheVisit = Annotated[Visit, Depends(_visit)]
"""Declare a parameter of this type to receive the visit."""
