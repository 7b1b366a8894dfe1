"""How to mend what a check found: one sentence for each message type, as data.

The types are those of NASA's ``validate`` where it has one; those under ``error.delivery`` are
ours.
"""

from collections.abc import Mapping
from types import MappingProxyType

ADVICE: Mapping[str, str] = MappingProxyType(
    {
        "error.label.not_understandable": (
            "Repair the XML or the identifier at the line named; a file that is no label belongs "
            "in the file area of one."
        ),
        "warning.label.not_understandable": (
            "If the file is meant to be a label, repair it; else name it in one."
        ),
        "error.label.schema": "Correct the element at the line named to what the schema allows.",
        "warning.label.schema": "Name the schema and the Schematron of the same version.",
        "error.label.missing_schema": "Name the schemas of the label in xsi:schemaLocation.",
        "error.label.unresolvable_resource": (
            "Correct the address of the schema, or import the schema into the node."
        ),
        "error.label.schematron": "Correct the value named to what the rule asks for.",
        "warning.label.schematron": "Correct the value named to what the rule asks for.",
        "info.label.schematron": "Nothing must be done; consider what the rule says.",
        "warning.label.missing_schematron_spec": "Name the Schematron in an xml-model instruction.",
        "warning.label.bad_schematypens": (
            'Write schematypens="http://purl.oclc.org/dsdl/schematron" in xml-model.'
        ),
        "warning.label.missing_schematypens": (
            'Add schematypens="http://purl.oclc.org/dsdl/schematron" to xml-model.'
        ),
        "error.label.bad_extension": "Give the label the extension .xml or .lblx.",
        "error.label.duplicate_identifier": (
            "Give each product its own identifier, or a changed one a new version_id."
        ),
        "error.label.local_identifier_not_found": (
            "Give the object the local_identifier that is referred to, or correct the reference."
        ),
        "error.validation.invalid_field_value": "Write the value on one line, without line breaks.",
        "warning.integrity.pds4_version_mismatch": (
            "Make all labels of the delivery in one version of the information model."
        ),
        "error.label.missing_file": (
            "Add the file to the delivery, or correct its name in the label."
        ),
        "warning.label.file_ref_case_mismatch": (
            "Write the file's name in the label exactly as it is on disk."
        ),
        "error.validation.unknown_value": "Name the file in file_name.",
        "error.directory.unallowed_name": (
            "Name a folder at or below the label's, in relative form with forward slashes."
        ),
        "error.label.checksum_mismatch": (
            "Send the original file again, byte for byte; if this one is right, correct "
            "md5_checksum and give the product a new version_id."
        ),
        "error.label.missing_checksum": "Add the file to the checksum manifest.",
        "info.label.missing_checksum": "Add md5_checksum to the label's File.",
        "error.label.filesize_mismatch": (
            "Send the whole original file; if it is whole, correct file_size in the label."
        ),
        "error.label.missing_filesize": "Add file_size to the label's File.",
        "info.label.missing_filesize": "Add file_size to the label's File.",
        "error.label.file_areas_duplicated_reference": (
            "Describe each data file in one label only."
        ),
        "warning.file.not_referenced_in_label": (
            "Describe the file in a label, or take it out of the delivery."
        ),
        "error.inventory_table.invalid_member_status": (
            "Begin each line of the inventory with P or S."
        ),
        "error.inventory.duplicate_lidvid": "List each member once in the inventory.",
        "error.integrity.member_not_found": (
            "Deliver the member, or take it out of the inventory or bundle label."
        ),
        "warning.integrity.member_not_found": (
            "Deliver the member too, or make sure that another node holds it."
        ),
        "error.integrity.duplicate_members": "List each member once.",
        "error.integrity.duplicate_versions": "List one version of each member.",
        "error.integrity.missing_parent_prefix": (
            "Begin the member's identifier with that of its collection or bundle."
        ),
        "error.integrity.missing_version": "Name primary members with their version (LIDVID).",
        "warning.integrity.unreferenced_member": (
            "List the product in the inventory of its collection."
        ),
        "warning.integrity.reference_not_found": (
            "Deliver what is referred to, or correct the reference."
        ),
        "error.label.context_ref_not_found": (
            "Correct the reference, or have the context product registered."
        ),
        "warning.label.context_ref_mismatch": (
            "Write name and type as the registered context product has them."
        ),
        "info.label.context_ref_mismatch": (
            "Write name and type as the registered context product has them."
        ),
        "error.execution.no_products_found": (
            "Give the folder that holds the labels (.xml or .lblx)."
        ),
        "error.validation.internal_error": "Report this to the operator of the node.",
        "error.delivery.foreign_namespace": (
            "Deliver it to the node that owns the namespace, or add the namespace to this node."
        ),
        "error.delivery.content_conflict": (
            "Give the changed product a new version_id; the version held is never replaced."
        ),
        "error.delivery.unreadable_file": (
            "Replace links and special files by the files themselves."
        ),
        "error.delivery.unsafe_name": (
            "Pack the files again under relative, printable names in UTF-8 with forward slashes."
        ),
        "error.delivery.name_clash": (
            "Rename one of the two: names differ in more than case or Unicode normal form."
        ),
        "error.delivery.unreadable_container": (
            "Pack the files again as zip, or as tar (plain, gz, bz2, xz, zst), and send it whole."
        ),
        "error.delivery.too_large": (
            "Send it in parts, or unpack it on the node's machine and deliver the folder."
        ),
    }
)

_LINE_ENDINGS = (
    "Copy the files again in binary mode: version control or a transfer in text mode has changed "
    "their line endings."
)
_SHORTER = (
    "If a transfer was cut short, copy the whole file again; if the file was edited, restore the "
    "original, or correct file_size and md5_checksum and give the product a new version_id."
)
_SIZE_ONLY = "Correct file_size in the label: the bytes are the right ones."


def advice_on(type: str, cause: str = "") -> str:
    """One sentence on how to mend messages of that type and cause."""
    if cause.startswith("MD5 would match"):
        return _LINE_ENDINGS
    if cause.startswith("file is shorter"):
        return _SHORTER
    if "MD5 is right" in cause:
        return _SIZE_ONLY
    return ADVICE.get(type, "Correct what the message names.")
