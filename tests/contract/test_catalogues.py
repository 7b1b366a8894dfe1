"""Every catalogue that ships keeps the contract."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from perilune.catalogue.memory import MemoryCatalogue
from perilune.catalogue.port import Catalogue
from perilune.catalogue.sqlite import SqliteCatalogue, paging
from perilune.testing.catalogue import CatalogueContract


class TestMemoryCatalogue(CatalogueContract):
    @pytest.fixture
    def catalogue(self) -> Catalogue:
        return MemoryCatalogue()


class TestSqliteCatalogue(CatalogueContract):
    @pytest.fixture
    def catalogue(self, tmp_path: Path) -> Iterator[Catalogue]:
        opened = SqliteCatalogue(tmp_path / "catalogue.sqlite")
        yield opened
        opened.close()


class TestSqliteCatalogueThatWalks(TestSqliteCatalogue):
    """Orders are read off the values, as they are where the catalogue is large."""

    @pytest.fixture(autouse=True)
    def _walk(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(paging, "STEP_COST", 0.0)
