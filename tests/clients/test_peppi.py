"""NASA's peppi 0.7.0, unmodified: it pages by harvest time alone, a hundred products at a time."""

from datetime import UTC, datetime

import pytest
from pds.peppi.client import PDSRegistryClient
from pds.peppi.products import Products

DATA = "urn:nasa:pds:luna:data"

pytestmark = pytest.mark.clients


@pytest.fixture
def products(address: str) -> Products:
    return Products(PDSRegistryClient(base_url=address))


def test_it_finds_every_image_once_over_three_pages(products: Products) -> None:
    found = [product.id for product in products.observationals()]

    assert len(found) == 250
    assert set(found) == {f"{DATA}:image_{number}::1.0" for number in range(250)}


def test_without_a_question_it_finds_all_there_is(products: Products) -> None:
    assert len([product.id for product in products]) == 251


def test_its_questions_of_target_time_and_collection_are_understood(address: str) -> None:
    def ask() -> Products:
        return Products(PDSRegistryClient(base_url=address))

    target = "urn:nasa:pds:context:target:satellite.earth.moon"
    moment = datetime(2026, 11, 22, 10, 0, 3, tzinfo=UTC)

    assert len(list(ask().has_target(target))) == 250
    assert len(list(ask().has_target(target).before(moment))) == 100
    assert len(list(ask().after(moment).observationals())) == 175
    assert len(list(ask().collections())) == 1
    assert len(list(ask().get(f"{DATA}:image_3::1.0").get(f"{DATA}:image_4::1.0"))) == 2
    assert len(list(ask().filter("img:Frame.img:number ge 240"))) == 10


def test_products_become_a_table(products: Products) -> None:
    table = products.observationals().fields(["lid", "img:Frame.img:number"]).as_dataframe()

    assert len(table) == 250
    assert sorted(table["img:Frame.img:number"].astype(int)) == list(range(250))
