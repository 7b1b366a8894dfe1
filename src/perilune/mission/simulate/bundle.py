"""The simulated bundle on disk: collections with their inventories, and the bundle's label.

The same seed writes the same bytes. Nothing is written outside the folder named, and the
folder must not be there or be empty, so that no real delivery is ever mixed with this one.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from xml.etree.ElementTree import Element

from perilune.errors import WrongUsage
from perilune.formats.pds4 import writing
from perilune.formats.pds4.writing import WrittenFile, element
from perilune.mission.simulate import labels, products
from perilune.mission.simulate.labels import BUNDLE, VERSION
from perilune.mission.simulate.orbit import ORIENTATION
from perilune.mission.simulate.products import CAMERA, HOUSEKEEPING, SPECTROMETER, Draft
from perilune.mission.simulate.strips import STRIPS, Strip
from perilune.mission.simulate.surface import reflectance
from perilune.model.footprint import Polygon
from perilune.model.identifier import Lidvid

_COLLECTIONS = {
    "data_raw": ("Data", "data", "Simulated raw data of Luna-26"),
    "data_calibrated": ("Data", "data", "Simulated calibrated data of Luna-26"),
    "browse": ("Browse", "browse", "Simulated browse images of Luna-26"),
    "document": ("Document", "document", "Simulated data of Luna-26: documents"),
    "spice_kernels": ("SPICE Kernel", "spice_kernel", "Simulated orbit of Luna-26"),
}
"""Folder to collection_type, the word in the bundle's reference_type, and title."""
_README = """\
A SIMULATED bundle of a mission that has not flown, written by Perilune's simulator.
See document/user_guide.txt.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """What was written: a delivery of it must be found to hold exactly this."""

    bundle: Lidvid
    lidvids: tuple[Lidvid, ...]
    """Every product, the collections and the bundle included."""
    files: int
    """Labels included."""
    bytes: int
    footprints: Mapping[Lidvid, Polygon]


@dataclass(frozen=True, slots=True, kw_only=True)
class Campaign:
    """What the bundle is of: exposures in the order of their times, and the orbit flown."""

    strips: Sequence[Strip] = STRIPS
    orbit: tuple[str, bytes] | None = None
    """Name and content of the SPK that the strips follow from; None where they were designed."""

    @property
    def days(self) -> tuple[datetime, ...]:
        """Midnights before the exposures."""
        first = {
            each.start.replace(hour=0, minute=0, second=0, microsecond=0): None
            for each in self.strips
        }
        return tuple(first)

    @property
    def stop(self) -> datetime:
        """Midnight after the last day."""
        return self.days[-1] + timedelta(days=1)

    @property
    def folders(self) -> tuple[str, ...]:
        """The collections that there is something for."""
        return tuple(each for each in _COLLECTIONS if self.orbit or each != "spice_kernels")


_DESIGNED = Campaign()


def write_bundle(target: Path, *, seed: int = 26, campaign: Campaign = _DESIGNED) -> Truth:
    """Write the bundle into ``target``; raise `WrongUsage` where that holds anything."""
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise WrongUsage(f"not an empty folder: {target}")
    sizes: list[int] = []

    def write(folder: str, name: str, data: bytes) -> None:
        path = target / folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        sizes.append(len(data))

    members: dict[str, list[str]] = {name: [] for name in campaign.folders}
    footprints: dict[Lidvid, Polygon] = {}
    for draft in _drafts(seed, campaign):
        for name, data in draft.data:
            write(draft.collection, name, data)
        write(draft.collection, f"{draft.name}.xml", draft.label)
        members[draft.collection].append(draft.lidvid)
        if draft.footprint is not None:
            footprints[Lidvid.parse(draft.lidvid)] = draft.footprint
    for folder, lidvids in members.items():
        inventory = "".join(f"P,{lidvid}\r\n" for lidvid in lidvids).encode("ascii")
        found = products.written(f"collection_{folder}.csv", inventory)
        write(folder, found.name, inventory)
        write(folder, f"collection_{folder}.xml", _collection(folder, found, lidvids, campaign))
    readme = _README.replace("\n", "\r\n").encode("ascii")
    write("", "readme.txt", readme)
    write(
        "", "bundle_luna26_simulated.xml", _bundle(products.written("readme.txt", readme), campaign)
    )

    every = [lidvid for group in members.values() for lidvid in group]
    every += [f"{BUNDLE}:{folder}::{VERSION}" for folder in members]
    bundle = Lidvid.parse(f"{BUNDLE}::{VERSION}")
    return Truth(
        bundle=bundle,
        lidvids=tuple(sorted([bundle, *map(Lidvid.parse, every)])),
        files=len(sizes),
        bytes=sum(sizes),
        footprints=MappingProxyType(footprints),
    )


def _drafts(seed: int, campaign: Campaign) -> Iterator[Draft]:
    kernels: tuple[str, ...] = ()
    if campaign.orbit is not None:
        name, data = campaign.orbit
        yield products.spice_kernel(name, data, campaign.days[0], campaign.stop)
        kernels = (f"{name}.bsp", *ORIENTATION)
    for strip in campaign.strips:
        yield from products.images(strip, reflectance(seed, strip), seed, kernels)
    for day in campaign.days:
        yield products.housekeeping(seed, day)
    yield products.spectra(seed, campaign.days[0])
    yield products.guide()


def _collection(
    folder: str, found: WrittenFile, lidvids: Sequence[str], campaign: Campaign
) -> bytes:
    collection_type, _, title = _COLLECTIONS[folder]
    names = (("Member Status", "ASCII_String", "1"), ("LIDVID_LID", "ASCII_LIDVID_LID", "255"))
    fields = [
        element(
            "Field_Delimited",
            element("name", name),
            element("field_number", str(number)),
            element("data_type", data_type),
            element("maximum_field_length", length, unit="byte"),
        )
        for number, (name, data_type, length) in enumerate(names, 1)
    ]
    inventory = element(
        "Inventory",
        element("offset", "0", unit="byte"),
        element("parsing_standard_id", "PDS DSV 1"),
        element("records", str(len(lidvids))),
        element("record_delimiter", "Carriage-Return Line-Feed"),
        element("field_delimiter", "Comma"),
        element(
            "Record_Delimited",
            element("fields", "2"),
            element("groups", "0"),
            element("maximum_record_length", "259", unit="byte"),
            *fields,
        ),
        element("reference_type", "inventory_has_member_product"),
    )
    root = element(
        "Product_Collection",
        labels.identification(f"{BUNDLE}:{folder}", title, "Product_Collection", f"{title}."),
        _collection_context(folder, campaign),
        element("Collection", element("collection_type", collection_type)),
        element("File_Area_Inventory", writing.file(found), inventory),
    )
    return writing.document(root)


def _collection_context(folder: str, campaign: Campaign) -> Element:
    """Collections of data must tell when, how far processed and by what; others need not."""
    if folder == "data_raw":
        level, others = "Raw", HOUSEKEEPING
    elif folder == "data_calibrated":
        level, others = "Calibrated", SPECTROMETER
    else:
        return element("Context_Area", labels.investigation("collection_to_investigation"))
    return labels.context("collection", campaign.days[0], campaign.stop, level, [CAMERA, others])


def _bundle(readme: WrittenFile, campaign: Campaign) -> bytes:
    title = "Simulated bundle of Luna-26, for practice before the first delivery"
    root = element(
        "Product_Bundle",
        labels.identification(BUNDLE, title, "Product_Bundle", f"{title}."),
        element("Context_Area", labels.investigation("bundle_to_investigation")),
        element("Bundle", element("bundle_type", "Archive")),
        element(
            "File_Area_Text",
            writing.file(readme),
            element(
                "Stream_Text",
                element("offset", "0", unit="byte"),
                element("object_length", str(readme.size), unit="byte"),
                element("parsing_standard_id", "7-Bit ASCII Text"),
                element("record_delimiter", "Carriage-Return Line-Feed"),
            ),
        ),
        *(
            element(
                "Bundle_Member_Entry",
                element("lidvid_reference", f"{BUNDLE}:{folder}::{VERSION}"),
                element("member_status", "Primary"),
                element("reference_type", f"bundle_has_{_COLLECTIONS[folder][1]}_collection"),
            )
            for folder in campaign.folders
        ),
    )
    return writing.document(root)
