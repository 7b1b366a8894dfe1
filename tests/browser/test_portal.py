"""The portal in a real Chromium: mouse, keyboard, with and without scripts, both themes."""

import shutil
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import uvicorn

from perilune.model.footprint import Point, Polygon
from perilune.moon.sphere import oriented
from perilune.node import Node
from perilune.testing import build
from perilune.testing.keep import keep
from perilune.web.app import create_app

pytestmark = pytest.mark.browser
sync_api = pytest.importorskip("playwright.sync_api")

ROOT = Path(__file__).resolve().parents[2]
AXE = ROOT / "web/node_modules/axe-core/axe.min.js"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
DATA = "urn:nasa:pds:luna:data"
POLE = f"{DATA}:pole::1.0"
SHIFTS = """
  window.shifted = 0;
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) window.shifted += entry.value;
  }).observe({ type: "layout-shift", buffered: true });
"""


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    if not (ROOT / "src/perilune/web/static/dist/map.js").is_file():
        pytest.skip("the bundles of the portal are not built: python build_web.py")
    node = Node.in_memory()
    square = oriented([(0.0, -88.0), (90.0, -88.0), (180.0, -88.0), (270.0, -88.0)])
    shapes = {"pole": Polygon((square,)), "spot": Point(45.0, -80.0), "north": Point(0.0, 85.0)}
    products = [
        build.product(
            f"{DATA}:{name}::1.0",
            title=f"Image of the {name}",
            footprints=(build.footprint(shape),),
            processing_level="Raw" if name == "pole" else "Derived",
            is_simulated=name == "pole",
        )
        for name, shape in shapes.items()
    ]
    products += [build.product(f"{DATA}:plain_{number}::1.0") for number in range(30)]
    keep(node, *build.holdings(products))
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        config = uvicorn.Config(create_app(node), log_level="warning")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        server.should_exit = True
        thread.join(10)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    if CHROMIUM is None:
        pytest.skip("needs Chromium")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


class Visitor:
    """A page that notes every fault and every host it asked."""

    def __init__(self, browser: Any, address: str, **options: Any) -> None:
        self.context = browser.new_context(base_url=address, locale="en", **options)
        self.page = self.context.new_page()
        self.faults: list[str] = []
        self.hosts: set[str] = set()
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))
        self.page.on("console", self._hear)
        self.page.on("request", lambda request: self.hosts.add(urlsplit(request.url).netloc))

    def _hear(self, message: Any) -> None:
        if message.type == "error":
            self.faults.append(message.text)

    def open(self, path: str, *, map_lives: bool = False) -> Any:
        self.page.goto(path)
        if map_lives:
            self.page.wait_for_selector(".map.enlivened")
        return self.page


@pytest.fixture
def visitor(browser: Any, address: str) -> Iterator[Visitor]:
    visitor = Visitor(browser, address, viewport={"width": 1440, "height": 1000})
    yield visitor
    visitor.context.close()
    assert visitor.faults == []
    assert visitor.hosts - {""} == {urlsplit(address).netloc}


def test_a_search_narrows_by_a_facet_and_leads_to_a_product_and_its_bytes(
    visitor: Visitor, tmp_path: Path
) -> None:
    page = visitor.open("/")
    page.get_by_role("searchbox").fill("image")
    page.get_by_role("searchbox").press("Enter")
    page.get_by_role("heading", level=1, name="3 products match").wait_for()
    assert urlsplit(page.url).query == "q=image"

    page.get_by_role("checkbox", name="Raw").check()
    page.get_by_role("heading", level=1, name="1 product matches").wait_for()
    page.get_by_role("link", name="Image of the pole").first.click()
    page.get_by_role("heading", level=1, name="Image of the pole").wait_for()
    with page.expect_download() as waiting:
        page.get_by_role("link", name="pole.csv").click()
    waiting.value.save_as(tmp_path / "pole.csv")

    assert (tmp_path / "pole.csv").read_bytes() == build.TABLE


def test_a_click_on_a_footprint_opens_its_product(visitor: Visitor) -> None:
    page = visitor.open("/", map_lives=True)
    box = page.locator(".map").bounding_box()

    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)

    page.wait_for_url("**/products/**")
    assert page.url.endswith(POLE)


def test_a_click_beside_all_footprints_searches_there(visitor: Visitor) -> None:
    """Three quarters up from the middle, 0 E: on a map to 55 S that is 64 S by Snyder 21-15."""
    page = visitor.open("/?sort=title", map_lives=True)
    box = page.locator(".map").bounding_box()

    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 8)

    page.wait_for_url("**site=**")
    lat, lon = map(float, page.locator("input[name=site]").input_value().split(","))
    assert lat == pytest.approx(-63.39, abs=0.3)
    assert min(lon, 360 - lon) < 1
    assert "sort=title" in page.url
    assert page.locator("h1").inner_text().startswith("No product covers 63.")


def test_pointing_at_a_result_lights_its_footprint_and_back(visitor: Visitor) -> None:
    page = visitor.open("/?q=pole", map_lives=True)

    page.locator(".hit").hover()
    lit = page.evaluate(
        "document.querySelector('.map').map.getAllLayers().flatMap((layer) =>"
        " layer.getSource().getFeatures?.() ?? []).filter((each) => each.get('lit')).length"
    )
    box = page.locator(".map").bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.wait_for_selector(".hit.lit")

    assert lit == 1
    readout = page.locator(".readout").inner_text()
    assert readout.startswith(("89.", "90"))
    assert "Image of the pole" in readout


def test_the_map_moves_by_keyboard_and_by_its_buttons(visitor: Visitor) -> None:
    page = visitor.open("/", map_lives=True)
    state = (
        "(() => { const view = document.querySelector('.map').map.getView();"
        " return [view.getZoom(), ...view.getCenter()]; })()"
    )
    before = page.evaluate(state)

    page.get_by_role("button", name="Closer").click()
    page.wait_for_timeout(400)
    closer = page.evaluate(state)
    page.get_by_role("application").focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_timeout(400)
    moved = page.evaluate(state)

    assert closer[0] > before[0]
    assert moved[1] > closer[1]


def test_nothing_jumps_when_the_map_comes_alive(visitor: Visitor) -> None:
    visitor.page.add_init_script(SHIFTS)

    page = visitor.open("/", map_lives=True)

    assert page.evaluate("window.shifted") < 0.001


def test_the_keyboard_alone_is_enough(visitor: Visitor) -> None:
    page = visitor.open("/")

    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "content"
    page.locator("summary", has_text="Theme").focus()
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Dark").wait_for()
    page.keyboard.press("Escape")

    assert page.locator("details.menu[open]").count() == 0
    assert page.evaluate("document.activeElement.textContent.trim()") == "Theme"


def test_language_and_theme_stay_chosen(visitor: Visitor) -> None:
    page = visitor.open("/node")
    page.locator("summary", has_text="English").click()
    page.get_by_role("button", name="Русский").click()
    page.get_by_role("heading", name="Ключи").wait_for()
    page.locator("summary", has_text="Тема").click()
    page.get_by_role("button", name="Тёмная").click()
    page.wait_for_selector("html[data-theme=dark]")

    assert urlsplit(page.url).path == "/node"
    page = visitor.open("/")
    assert page.locator("html").get_attribute("lang") == "ru"
    background = page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
    assert background == "rgb(14, 16, 19)"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(
    "path", ["/", "/?q=nothing", "/?site=Shackleton", f"/products/{POLE}", "/node", "/nowhere"]
)
def test_axe_finds_no_violation(browser: Any, address: str, path: str, scheme: str) -> None:
    if not AXE.is_file():
        pytest.skip("needs axe-core: npm ci in web/")
    visitor = Visitor(browser, address, color_scheme=scheme, bypass_csp=True)
    page = visitor.open(path, map_lives=path.startswith(("/?", "/products")) or path == "/")
    page.add_script_tag(path=AXE)

    found = page.evaluate("axe.run().then((result) => result.violations)")
    visitor.context.close()

    assert [(each["id"], each["nodes"][0]["html"][:200]) for each in found] == []


@pytest.mark.parametrize("width", [360, 768, 1440, 3840])
@pytest.mark.parametrize("language", ["en", "ru", "zh", "fr"])
def test_no_page_scrolls_sideways(browser: Any, address: str, width: int, language: str) -> None:
    visitor = Visitor(browser, address, viewport={"width": width, "height": 900})
    for path in ("/", "/?site=Shackleton", f"/products/{POLE}", "/node", "/nowhere"):
        page = visitor.open(f"{path}{'&' if '?' in path else '?'}lang={language}#filters")
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
    visitor.context.close()


def test_without_scripts_everything_is_still_there(browser: Any, address: str) -> None:
    visitor = Visitor(
        browser, address, java_script_enabled=False, viewport={"width": 360, "height": 800}
    )
    page = visitor.open("/")
    page.get_by_role("link", name="Narrow the search").click()
    page.get_by_role("checkbox", name="Raw").check()
    page.get_by_role("button", name="Apply").click()
    page.get_by_role("heading", level=1, name="1 product matches").wait_for()
    page.wait_for_load_state("networkidle")  # the base map too: a person aims at what they see

    drawing = page.locator(".map svg path.print").bounding_box()
    page.locator(".map a").click(force=True)
    page.get_by_role("heading", level=1, name="Image of the pole").wait_for()
    assert drawing["width"] > 10
    assert page.get_by_role("link", name="Download with label").is_visible()
    page.locator("summary", has_text="Theme").click()
    page.get_by_role("button", name="Dark").click()
    assert page.locator("html").get_attribute("data-theme") == "dark"
    visitor.context.close()


def test_a_copy_button_gives_the_identifier(visitor: Visitor) -> None:
    visitor.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = visitor.open(f"/products/{POLE}")

    page.get_by_role("button", name="Copy").first.click()

    page.get_by_role("button", name="Copied").wait_for()
    assert page.evaluate("navigator.clipboard.readText()") == POLE
