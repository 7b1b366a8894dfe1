"""Standards that labels name for documents and encoded data, and the extensions of their files.

Source: the permissible values of document_standard_id and encoding_standard_id of the information
model, and NASA's ``validate`` for the extensions.
"""

from types import MappingProxyType

_ENCODINGS = MappingProxyType(
    {
        "gif": ("gif",),
        "j2c": ("j2c", "jp2", "mj2", "mjp2"),
        "jp2": ("j2c", "jp2", "mj2", "mjp2"),
        "jpeg": ("jpg", "jpeg"),
        "mmm odr stream": ("dat",),
        "m4a/aac": ("m4a",),
        "mp4/h.264": ("mp4",),
        "mp4/h.264/aac": ("mp4",),
        "msss camera mini header": ("dat",),
        "nikon electronic format (nef)": ("nef",),
        "msss original data record mini header": (),
        "msss original data record payload data": (),
        "pdf": ("pdf",),
        "pdfa": ("pdf", "pdfa"),
        "pdf/a": ("pdf", "pdfa"),
        "png": ("png",),
        "tiff": ("tif", "tiff"),
        "wav": ("wav",),
    }
)
_SEED = "SEED 2."
_SEED_EXTENSIONS = ("mseed", "seed")

MIMETYPES: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("encapsulated", "warning.file.not_encapsulated_postscript_mimetype", ("eps",)),
    (
        "excel",
        "warning.file.not_msexcel_mimetype",
        ("xls", "xlsx", "xltx", "xlt", "xlsm", "xlsb"),
    ),
    ("gif", "warning.file.not_gif_mimetype", ("gif",)),
    ("html", "warning.file.not_html_mimetype", ("html", "htm")),
    ("latex", "warning.file.not_latex_mimetype", ("tex",)),
    ("mpeg", "warning.file.not_mp4_mimetype", ("mp4",)),
    ("postscript", "warning.file.not_postscript_mimetype", ("ps",)),
    ("tiff", "warning.file.not_tiff_mimetype", ("tiff", "tif")),
    (
        "word",
        "warning.file.not_msword_mimetype",
        ("doc", "docx", "docm", "dot", "dotm", "dotx"),
    ),
)
"""A word in the name of a standard, the type of message, and the extensions it may have; the
first word that is found counts."""


class UnknownStandard(Exception):
    """A name that the information model does not give."""


def allowed_extensions(encoding: str) -> tuple[str, ...]:
    """Extensions for an encoding_standard_id, any where there is none; or `UnknownStandard`."""
    if encoding.startswith(_SEED):
        return _SEED_EXTENSIONS
    try:
        return _ENCODINGS[encoding.lower()]
    except KeyError:
        raise UnknownStandard(encoding) from None


def expected_extensions(standard: str) -> tuple[str, tuple[str, ...]] | None:
    """Type of message and extensions for a standard that is known by its extension alone."""
    name = standard.lower()
    for word, type_, extensions in MIMETYPES:
        if word in name:
            return type_, extensions
    return None
