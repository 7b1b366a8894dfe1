"""Where a product of the Moon lies: the classes GEOM and CART, as they are written here."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from xml.etree import ElementTree as ET

from perilune.formats.pds4.writing import element, local_reference, time_text
from perilune.model.footprint import LatLonBox
from perilune.moon.bodies import MOON


@dataclass(frozen=True, slots=True, kw_only=True)
class Vertex:
    """A corner of an outline: on the ground, and in the image."""

    lon: float
    """Degrees east, 0 to 360."""
    lat: float
    """Degrees, planetocentric."""
    line: float
    """From 1, edges at halves."""
    sample: float


def geometry(
    moment: datetime,
    vertices: Sequence[Vertex],
    *,
    incidence_deg: float | None = None,
    kernels: Sequence[str] = (),
    provenance: str = "",
) -> ET.Element:
    """An outline on the Moon in MOON_ME of DE421, interior to the left of its edges.

    ``kernels`` are names of the SPICE files it was computed from; ``provenance`` is ``Predicted``,
    ``Reconstructed`` or ``Mixed``.
    """
    orbiter = element(
        "geom:Geometry_Orbiter",
        element("geom:geometry_reference_time_utc", time_text(moment)),
        element(
            "geom:Orbiter_Identification",
            element("geom:Central_Body_Identification", *_named("MOON", "Moon")),
            element("geom:Geometry_Target_Identification", *_named("MOON", "Moon")),
            element(
                "geom:Coordinate_System_Identification",
                element("geom:coordinate_system_type", "Planetocentric"),
                element("geom:Coordinate_System_Origin_Identification", *_named("MOON", "Moon")),
                element(
                    "geom:Reference_Frame_Identification",
                    element("geom:frame_spice_name", "MOON_ME_DE421"),
                    element("geom:name", "Mean Earth/Polar Axis of DE421"),
                ),
            ),
        ),
        element(
            "geom:Surface_Geometry",
            element(
                "geom:Surface_Geometry_Specific",
                element("geom:Footprint_Vertices", *map(_intercept, vertices)),
            ),
        ),
    )
    if incidence_deg is not None:
        orbiter.append(
            element(
                "geom:Illumination_Geometry",
                element(
                    "geom:Illumination_Specific",
                    element("geom:reference_location", "Boresight Intercept Point"),
                    element("geom:incidence_angle", f"{incidence_deg:.1f}", unit="deg"),
                ),
            )
        )
    made = element("geom:Geometry")
    if kernels:
        made.append(_files(kernels, provenance))
    made.append(orbiter)
    return made


def _files(kernels: Sequence[str], provenance: str) -> ET.Element:
    return element(
        "geom:SPICE_Kernel_Files",
        *(
            element(
                "geom:SPICE_Kernel_Identification",
                element("geom:spice_kernel_file_name", name),
                *([element("geom:kernel_provenance", provenance)] if provenance else []),
            )
            for name in kernels
        ),
    )


def _named(spice_name: str, name: str) -> tuple[ET.Element, ET.Element]:
    return element("geom:body_spice_name", spice_name), element("geom:name", name)


def _intercept(vertex: Vertex) -> ET.Element:
    return element(
        "geom:Pixel_Intercept",
        element(
            "geom:Reference_Pixel",
            element("geom:vertical_coordinate_pixel", f"{vertex.line:.2f}", unit="pixel"),
            element("geom:horizontal_coordinate_pixel", f"{vertex.sample:.2f}", unit="pixel"),
        ),
        element("geom:pixel_latitude", f"{vertex.lat:.6f}", unit="deg"),
        element("geom:pixel_longitude", f"{vertex.lon:.6f}", unit="deg"),
    )


def cartography(
    box: LatLonBox, identifier: str, description: str, *, frame: str = ""
) -> ET.Element:
    """Bounding coordinates of the object ``identifier`` in words of ``description``.

    ``frame`` is the name of the coordinate system, body-fixed; empty where nothing tells it.
    """
    sides = (("west", box.west), ("east", box.east), ("north", box.north), ("south", box.south))
    radius = f"{MOON.radius_m / 1000:.1f}"
    model = element(
        "cart:Geodetic_Model",
        element("cart:latitude_type", "Planetocentric"),
        element("cart:spheroid_name", "Moon"),
        *(element(f"cart:{axis}_axis_radius", radius, unit="km") for axis in "abc"),
        element("cart:longitude_direction", "Positive East"),
    )
    if frame:
        model.append(element("cart:coordinate_system_type", "Body-fixed Rotating"))
        model.append(element("cart:coordinate_system_name", frame))
    return element(
        "cart:Cartography",
        local_reference(identifier, "cartography_parameters_to_image_object"),
        element(
            "cart:Spatial_Domain",
            element(
                "cart:Bounding_Coordinates",
                *(
                    element(f"cart:{side}_bounding_coordinate", f"{value:.6f}", unit="deg")
                    for side, value in sides
                ),
            ),
        ),
        element(
            "cart:Spatial_Reference_Information",
            element(
                "cart:Horizontal_Coordinate_System_Definition",
                element("cart:Geographic", element("cart:geographic_description", description)),
                model,
            ),
        ),
    )
