"""NASA's own client, pds.api-client 1.7.0, unmodified, lists and follows everything."""

from collections.abc import Iterator
from typing import Any

import pytest
from pds.api_client import ApiClient, Configuration
from pds.api_client.api.all_products_api import AllProductsApi
from pds.api_client.api.by_product_classes_api import ByProductClassesApi
from pds.api_client.api.product_references_api import ProductReferencesApi
from pds.api_client.exceptions import ApiException, NotFoundException

DATA = "urn:nasa:pds:luna:data"
HARVEST = "ops:Harvest_Info.ops:harvest_date_time"
IMAGES = 'product_class eq "Product_Observational"'
START = "pds:Time_Coordinates.pds:start_date_time"

pytestmark = pytest.mark.clients


@pytest.fixture
def client(address: str) -> ApiClient:
    configuration = Configuration()
    configuration.host = address
    return ApiClient(configuration)


def pages(api: AllProductsApi, sort: list[str], limit: int) -> Iterator[Any]:
    """All images, each page begun with the sort values of the last product of the one before."""
    after: dict[str, Any] = {}
    while True:
        page = api.product_list(q=IMAGES, sort=sort, limit=limit, **after)
        if not page.data:
            return
        yield from page.data
        last = page.data[-1].properties
        after = {"search_after": [last[name][0] for name in sort]}


@pytest.mark.parametrize("limit", [30, 100])
@pytest.mark.parametrize("sort", [[HARVEST], [START, HARVEST]])
def test_it_pages_through_all_and_loses_or_doubles_none(
    client: ApiClient, sort: list[str], limit: int
) -> None:
    api = AllProductsApi(client)

    found = [product.id for product in pages(api, sort, limit)]

    assert sorted(found) == sorted(f"{DATA}:image_{number}::1.0" for number in range(250))


def test_the_summary_counts_exactly(client: ApiClient) -> None:
    page = AllProductsApi(client).product_list(
        q="(img:Frame.img:number lt 100)", limit=0, facet_fields=["product_class"]
    )

    assert page.summary.hits == 100
    assert page.data == []
    facet = page.summary.facets[0].actual_instance
    assert (facet.type, facet.counts) == ("terms", {"Product_Observational": 100})


def test_one_product_is_found_by_lid_and_by_lidvid(client: ApiClient) -> None:
    api = AllProductsApi(client)

    by_lid = api.select_by_lidvid(f"{DATA}:image_7")
    exact = api.select_by_lidvid_latest(f"{DATA}:image_7::1.0")

    assert by_lid == exact
    assert by_lid.metadata.archive_status == "archived"
    assert by_lid.properties["img:Frame.img:number"] == ["7"]
    assert len(api.select_by_lidvid_all(f"{DATA}:image_7").data) == 1


def test_members_and_owners_are_followed(client: ApiClient) -> None:
    api = ProductReferencesApi(client)

    members = api.product_members(f"{DATA}::1.0", limit=200)
    owners = api.product_member_of(f"{DATA}:image_7::1.0")

    assert len(members.data) == members.summary.hits == 120
    assert [owner.id for owner in owners.data] == [f"{DATA}::1.0"]


def test_classes_and_properties_are_listed(client: ApiClient) -> None:
    by_class = ByProductClassesApi(client)

    assert "collections" in by_class.classes()
    assert by_class.class_list("collections").summary.hits == 1
    properties = {
        one.var_property: one.type for one in AllProductsApi(client).product_properties_list()
    }
    assert properties[HARVEST] == "timestamp"


def test_what_may_not_be_seen_is_a_404_that_says_why(client: ApiClient) -> None:
    with pytest.raises(NotFoundException) as raised:
        AllProductsApi(client).select_by_lidvid(f"{DATA}:image_hidden::1.0")

    assert "image_hidden" in str(raised.value.body)


def test_a_query_that_cannot_be_read_is_a_400_that_says_where(client: ApiClient) -> None:
    with pytest.raises(ApiException) as raised:
        AllProductsApi(client).product_list(q="lid eq")

    assert raised.value.status == 400
