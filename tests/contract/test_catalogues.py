"""Every catalogue that ships keeps the contract."""

import pytest

from perilune.catalogue.memory import MemoryCatalogue
from perilune.catalogue.port import Catalogue
from perilune.testing.catalogue import CatalogueContract


class TestMemoryCatalogue(CatalogueContract):
    @pytest.fixture
    def catalogue(self) -> Catalogue:
        return MemoryCatalogue()
