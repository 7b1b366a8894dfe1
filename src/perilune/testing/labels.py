"""A PDS4 label in bytes, valid by itself, of which a test names only what matters to it."""

_NAMESPACES = (
    'xmlns="http://pds.nasa.gov/pds4/pds/v1" xmlns:cart="http://pds.nasa.gov/pds4/cart/v1" '
    'xmlns:geom="http://pds.nasa.gov/pds4/geom/v1" xmlns:proc="http://pds.nasa.gov/pds4/proc/v1" '
    'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
)

TARGET = """<Target_Identification><name>Moon</name><type>Satellite</type><Internal_Reference>
<lid_reference>urn:nasa:pds:context:target:satellite.earth.moon</lid_reference>
<reference_type>data_to_target</reference_type></Internal_Reference></Target_Identification>"""


def label(
    *content: str,
    lid: str = "urn:nasa:pds:luna:data:image",
    version: str = "1.0",
    product_class: str = "Product_Observational",
    identification: str = "",
) -> bytes:
    """A label with ``content`` after its Identification_Area and ``identification`` in it."""
    text = f"""<?xml version="1.0" encoding="UTF-8"?>
<{product_class} {_NAMESPACES}>
<Identification_Area>
<logical_identifier>{lid}</logical_identifier>
<version_id>{version}</version_id>
<title>An image of the Moon</title>
<information_model_version>1.24.0.0</information_model_version>
<product_class>{product_class}</product_class>
{identification}
</Identification_Area>
{"".join(content)}
</{product_class}>
"""
    return text.encode()


def observation(*content: str, target: str = TARGET) -> str:
    """An Observation_Area of the Moon; ``content`` comes before the target."""
    return f"<Observation_Area>{''.join(content)}{target}</Observation_Area>"


def discipline(*content: str) -> str:
    """An Observation_Area of the Moon with ``content`` in its Discipline_Area."""
    area = f"<Discipline_Area>{''.join(content)}</Discipline_Area>"
    return f"<Observation_Area>{TARGET}{area}</Observation_Area>"


def times(start: str, stop: str) -> str:
    """Time_Coordinates; a time that is ``nil`` is written as nil."""
    return (
        f"<Time_Coordinates>{_time('start_date_time', start)}"
        f"{_time('stop_date_time', stop)}</Time_Coordinates>"
    )


def file_area(name: str, *, size: str = "", md5: str = "", area: str = "Observational") -> str:
    """A file area with one file."""
    size_text = f'<file_size unit="byte">{size}</file_size>' if size else ""
    md5_text = f"<md5_checksum>{md5}</md5_checksum>" if md5 else ""
    return (
        f"<File_Area_{area}><File>\n<file_name>{name}</file_name>{size_text}{md5_text}"
        f"</File></File_Area_{area}>"
    )


def bounding_box(west: str, east: str, south: str, north: str, model: str = "") -> str:
    """A CART class with a bounding box; ``model`` is what its Geodetic_Model says."""
    sides = {"west": west, "east": east, "north": north, "south": south}
    box = "".join(
        f'<cart:{side}_bounding_coordinate unit="deg">{value}</cart:{side}_bounding_coordinate>'
        for side, value in sides.items()
    )
    return (
        "<cart:Cartography><cart:Spatial_Domain><cart:Bounding_Coordinates>"
        f"{box}</cart:Bounding_Coordinates></cart:Spatial_Domain>"
        "<cart:Spatial_Reference_Information><cart:Horizontal_Coordinate_System_Definition>"
        f"<cart:Geodetic_Model>{model}</cart:Geodetic_Model>"
        "</cart:Horizontal_Coordinate_System_Definition></cart:Spatial_Reference_Information>"
        "</cart:Cartography>"
    )


def intercept(lon: str, lat: str, where: str = "") -> str:
    """A GEOM Pixel_Intercept, of a named place of the image if ``where`` is given."""
    named = f"<geom:reference_pixel_location>{where}</geom:reference_pixel_location>"
    return (
        f"<geom:Pixel_Intercept>{named if where else ''}"
        f'<geom:pixel_latitude unit="deg">{lat}</geom:pixel_latitude>'
        f'<geom:pixel_longitude unit="deg">{lon}</geom:pixel_longitude></geom:Pixel_Intercept>'
    )


def surface(*content: str, frame: str = "") -> str:
    """A GEOM Geometry_Orbiter with ``content`` in its Surface_Geometry."""
    return (
        "<geom:Geometry><geom:Geometry_Orbiter><geom:Orbiter_Identification>"
        "<geom:Geometry_Target_Identification><geom:name>MOON</geom:name>"
        "</geom:Geometry_Target_Identification><geom:Coordinate_System_Identification>"
        "<geom:Reference_Frame_Identification>"
        f"<geom:frame_spice_name>{frame}</geom:frame_spice_name>"
        "</geom:Reference_Frame_Identification></geom:Coordinate_System_Identification>"
        "</geom:Orbiter_Identification><geom:Surface_Geometry>"
        f"{''.join(content)}</geom:Surface_Geometry></geom:Geometry_Orbiter></geom:Geometry>"
    )


def _time(name: str, text: str) -> str:
    if text == "nil":
        return f'<{name} xsi:nil="true" nilReason="unknown"/>'
    return f"<{name}>{text}</{name}>"
