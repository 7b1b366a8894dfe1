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
        "info.label.local_identifier_found": "Nothing must be done.",
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
        "error.label.invalid_object_definition": (
            "Correct offset, length or the number of fields in the label to what the file holds."
        ),
        "error.label.table_definition_problem": (
            "Correct the description of the table at the line named, or send the whole file."
        ),
        "warning.data_objects.out_of_order": (
            "Describe the objects of a file in the order in which they lie in it."
        ),
        "warning.data.not_described": "Describe every byte of the file, or take the rest away.",
        "error.table.missing_CRLF": (
            "End every record with carriage return and line feed, or correct record_delimiter."
        ),
        "error.table.missing_LF": (
            "End every record with line feed alone, or correct record_delimiter."
        ),
        "error.table.record_length_mismatch": (
            "Make records as long as the label says, or correct the length in the label."
        ),
        "error.table.records_mismatch": "Correct records in the label, or send the whole file.",
        "error.table.fields_mismatch": (
            "Give the record as many fields as the label describes; quote values that hold "
            "the separator."
        ),
        "error.table.field_value_overlap": (
            "Correct the location or length of the fields so that none share bytes or bits."
        ),
        "error.table.field_value_data_type_mismatch": (
            "Correct the value, or the data_type of the field."
        ),
        "error.table.field_value_too_long": (
            "Shorten the value, or raise the length that the label allows."
        ),
        "error.table.field_value_out_of_min_max_range": (
            "Correct the value, or the extremes in Field_Statistics."
        ),
        "error.table.field_value_not_a_number": (
            "Correct the value, or name it among the special constants."
        ),
        "error.table.field_value_not_a_datetime": (
            "Correct the value, or name it among the special constants."
        ),
        "warning.table.field_value_out_of_special_constant_min_max_range": (
            "Correct the value, name it among the special constants, or correct the valid range."
        ),
        "warning.field.invalid_special_constant": (
            "Write the special constant as a value of the field's type."
        ),
        "error.table.field_value_not_right_justified": (
            "Write the value at the right end of its field."
        ),
        "warning.table.field_value_not_right_justified": (
            "Write the value at the right end of its field, or correct field_format."
        ),
        "error.table.field_value_not_left_justified": (
            "Write the value at the left end of its field."
        ),
        "warning.table.field_value_not_left_justified": (
            "Write the value at the left end of its field, or correct field_format."
        ),
        "error.table.field_value_format_specifier_mismatch": (
            "Write the value as validation_format asks."
        ),
        "warning.table.field_value_format_specifier_mismatch": (
            "Write the value as field_format says, or correct field_format."
        ),
        "error.table.field_value_format_precision_mismatch": (
            "Write the value with the digits that validation_format asks."
        ),
        "warning.table.field_value_format_precision_mismatch": (
            "Write the value with the digits that field_format says, or correct field_format."
        ),
        "warning.table.field_value_too_long": "Shorten the value, or correct field_format.",
        "warning.table.characters_between_fields": (
            "Put blanks between fields, or describe what stands there."
        ),
        "error.table.bad_file_read": "Send a file that can be read.",
        "error.table.bad_field_read": (
            "Correct the description of the table at the line named, or the record."
        ),
        "error.array.bad_file_read": (
            "Send the whole file, or correct axes, data_type and offset in the label."
        ),
        "error.array.value_out_of_min_max_range": (
            "Correct the extremes in Object_Statistics, or the element."
        ),
        "error.array.value_out_of_scaled_min_max_range": (
            "Correct the scaled extremes in Object_Statistics, or the scaling."
        ),
        "warning.array.value_out_of_special_constant_min_max_range": (
            "Correct the valid range, or name the value among the special constants."
        ),
        "warning.array.invalid_special_constant": (
            "Write the special constant as a value of the element's type."
        ),
        "info.validation.general": "Consider what the message says.",
        "error.content.beyond_file": (
            "Send the whole file, or correct offset and object_length in the label."
        ),
        "error.content.encoding_mismatch": (
            "Write the text in the encoding that its parsing standard names, or name another."
        ),
        "error.content.record_delimiter_mismatch": (
            "End every line as record_delimiter says, or correct it."
        ),
        "error.content.header_mismatch": (
            "Make label and header agree; the one that describes the bytes rightly is to be kept."
        ),
        "error.content.kernel_type_mismatch": (
            "Correct kernel_type in the label, or send the kernel that it means."
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
        "error.file.not_jpeg_compliant": (
            "Send the original JPEG whole, or correct the standard that the label names."
        ),
        "error.file.not_png_compliant": (
            "Send the original PNG whole, or correct the standard that the label names."
        ),
        "error.file.not_mp4_m4a_compliant": (
            "Send the original recording whole, or correct the standard that the label names."
        ),
        "error.file.not_wav_compliant": (
            "Send the original WAV whole, or correct the standard that the label names."
        ),
        "warning.file.not_wav_mimetype": (
            "Send the whole recording; the length in its header is not that of the file."
        ),
        "error.pdf.file.not_pdfa_compliant": (
            "Write the document as PDF/A-1a or PDF/A-1b (Save as, PDF/A-1), or convert it with "
            "a tool that checks."
        ),
        "error.file.name_too_long": "Shorten the name.",
        "error.file.name_has_invalid_characters": (
            "Rename the file with letters, digits, dash, full stop and underscore alone."
        ),
        "error.file.unallowed_name": "Give the file another name.",
        "error.file.unallowed_base_name": (
            "Give the file another name; some operating systems take this one for a device."
        ),
        "error.directory.name_too_long": "Shorten the name.",
        "error.directory.name_has_invalid_characters": (
            "Rename the folder with letters, digits, dash and underscore alone."
        ),
        "warning.sub_directory.unallowed_name": (
            "Rename the folder, or move it to the root of the bundle."
        ),
        "error.validation.file_naming_problem": (
            "Give the file the extension of its standard, and names that differ in more than case."
        ),
        "warning.file.reserved_name_mismatch": (
            "Rename the label; bundle_ and collection_ are kept for labels of those."
        ),
        "warning.validation.content_validation_not_yet_supported": (
            "Look at the recording yourself; its container alone was checked."
        ),
        "info.label.checksum_matches": "Nothing must be done.",
        "info.label.filesize_matches": "Nothing must be done.",
        "info.label.context_ref_found": "Nothing must be done.",
        "warning.file.not_html_mimetype": (
            "Give the file the extension of its standard, or correct document_standard_id."
        ),
        "warning.file.not_msword_mimetype": (
            "Give the file the extension of its standard, or correct document_standard_id."
        ),
        "warning.file.not_msexcel_mimetype": (
            "Give the file the extension of its standard, or correct document_standard_id."
        ),
        "warning.file.not_latex_mimetype": (
            "Give the file the extension of its standard, or correct document_standard_id."
        ),
        "warning.file.not_postscript_mimetype": (
            "Give the file the extension of its standard, or correct document_standard_id."
        ),
        "warning.file.not_encapsulated_postscript_mimetype": (
            "Give the file the extension of its standard, or correct document_standard_id."
        ),
        "warning.file.not_gif_mimetype": (
            "Give the file the extension of its standard, or correct document_standard_id."
        ),
        "warning.file.not_tiff_mimetype": (
            "Give the file the extension of its standard, or correct document_standard_id."
        ),
        "warning.file.not_mp4_mimetype": (
            "Give the file the extension of its standard, or correct document_standard_id."
        ),
        "error.validation.internal_error": "Report this to the operator of the node.",
        "warning.delivery.schema_not_checked": (
            "Import the schema into the node with perilune schemas add, and have it check again."
        ),
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
