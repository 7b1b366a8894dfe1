"""The portal: pages for people, each with a JSON twin for programs."""

from fastapi import APIRouter

from perilune.web.pages import (
    audit,
    dossier,
    jobs,
    maps,
    node,
    peers,
    preferences,
    product,
    search,
)

router = APIRouter(include_in_schema=False)
for _part in (search, dossier, product, node, audit, jobs, peers, maps, preferences):
    router.include_router(_part.router)
