"""What a check is asked to look at, and how strictly: one value, the same for every check.

The names in brackets are the switches of NASA's ``validate`` that ask for the same.
"""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from perilune.validation.report import Severity


class Rule(StrEnum):
    """What the target is taken for (``-R pds4.label`` and so on)."""

    LABEL = "label"
    FOLDER = "folder"
    COLLECTION = "collection"
    BUNDLE = "bundle"


class Mismatch(StrEnum):
    """What is said of a context product whose name or type differs from the registry's."""

    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """A question to the check; the plain ``Options()`` checks everything."""

    rule: Rule | None = None
    """None: a file is a label, a folder whatever it holds."""
    is_recursive: bool = True
    """Folders below the target too (else ``--local``)."""
    extensions: tuple[str, ...] = ("xml", "lblx")
    """What names of labels end in (``--label-extension``)."""
    alternates: tuple[Path, ...] = ()
    """Further folders whose labels count as members, and are not checked themselves
    (``--alternate_file_paths``)."""
    every_label: int = 1
    """Only the first label and every nth after it; the others count as members alone
    (``--everyN``)."""
    least: Severity = Severity.WARNING
    """The least severe messages that are reported (``-v``)."""

    checks_products: bool = True
    """Each product for itself (else ``--skip-product-validation``: integrity alone)."""
    checks_files: bool = True
    """That files are there, whole, and the ones meant. Whoever has read every byte of them
    already compares them itself."""
    checks_content: bool = True
    """Tables, arrays, documents (else ``--skip-content-validation``)."""
    checks_definitions: bool = True
    """How objects are described and where they lie; ``--skip-content-validation`` leaves out
    that too, the older ``--no-data-check`` does not."""
    checks_context: bool = True
    """Context products against registries (else ``--skip-context-validation``)."""
    checks_references: bool = True
    """References to context products exist (else ``--skip-context-reference-check``)."""
    context_mismatch: Mismatch = Mismatch.WARNING
    """INFO with ``--disable-context-mismatch-warnings``."""
    registries: tuple[Path, ...] = ()
    """Further context products (``--add-context-products``)."""
    is_strict_of_members: bool = True
    """A missing member is an error (else ``--skip-strict-collection-membership``: a warning)."""
    allows_unlabelled: bool = False
    """No word of files that no label names (``--allow-unlabeled-files``)."""

    every_record: int = 1
    """Only every nth record or line of the content (``--spot-check-data``)."""
    is_strict_of_fields: bool = False
    """Characters between fields of a table are told (``--strict-field-checks``)."""
    wants_all_described: bool = False
    """Bytes that no object describes are told (``--complete-descriptions``)."""

    schemas: tuple[Path, ...] = ()
    """Instead of those that labels name (``--schema``)."""
    schematrons: tuple[Path, ...] = ()
    """Instead of those that labels name (``--schematron``)."""
    catalogs: tuple[Path, ...] = ()
    """OASIS catalogs by which addresses are resolved (``--catalog``)."""
    manifest: Path | None = None
    """Lines of MD5 and path, which files must match (``--checksum-manifest``)."""
    manifest_base: Path | None = None
    """Where the manifest's relative paths begin (``--base-path``)."""

    counts_like_validate: bool = False
    """Counts of NASA's ``validate``, also where the standard says otherwise; each such case is
    listed in docs/reference/validate-differences.md."""
