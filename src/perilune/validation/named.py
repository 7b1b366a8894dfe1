"""The schemas and Schematrons that a label names, and whether it names them well."""

from collections.abc import Iterator
from dataclasses import dataclass

from perilune.validation.label import Label
from perilune.validation.report import Message, Severity
from perilune.validation.schemas.address import canonical

SCHEMATRON = "http://purl.oclc.org/dsdl/schematron"
LOCATION = "{http://www.w3.org/2001/XMLSchema-instance}schemaLocation"
_OTHER_MODELS = ("http://www.w3.org/2001/XMLSchema", "http://relaxng.org/ns/structure/1.0")


@dataclass(frozen=True, slots=True)
class Named:
    """Addresses as a label writes them."""

    schemas: tuple[tuple[str, str], ...]
    """Namespace and address, in pairs as they stand in xsi:schemaLocation."""
    addresses: tuple[str, ...]
    """Whatever there ends in ``.xsd``, also where the pairs do not come out."""
    schematrons: tuple[str, ...]
    """Of xml-model instructions that say that they are about Schematron."""
    models: tuple[str, ...]
    """Of all xml-model instructions."""


def named_in(label: Label) -> Named:
    """What a label names."""
    words = (label.root.get(LOCATION) or "").split()
    models = label.models
    return Named(
        tuple(zip(words[::2], words[1::2], strict=False)),
        tuple(word for word in words if word.lower().endswith(".xsd")),
        tuple(
            model["href"]
            for model in models
            if model.get("schematypens") == SCHEMATRON and model.get("href")
        ),
        tuple(model["href"] for model in models if model.get("href")),
    )


def check_named(label: Label, named: Named, *, counts_like_validate: bool) -> Iterator[Message]:
    """Whether schemas and Schematrons are named as the standard asks for, and in one version."""
    yield from _models(label, counts_like_validate=counts_like_validate)
    if not named.schematrons:
        yield _warning(
            label,
            "warning.label.missing_schematron_spec",
            "names no Schematron, so its rules are not checked",
            found="no xml-model instruction with schematypens",
            expected=f'<?xml-model href="..." schematypens="{SCHEMATRON}"?>',
        )
    yield from _versions(label, named, counts_like_validate=counts_like_validate)


def _models(label: Label, *, counts_like_validate: bool) -> Iterator[Message]:
    for model in label.models:
        told = model.get("schematypens")
        if told == SCHEMATRON or (told in _OTHER_MODELS and not counts_like_validate):
            continue
        href = model.get("href", "")
        misspelt = next((name for name, value in model.items() if value == SCHEMATRON), None)
        if told is None and misspelt is None:
            yield _warning(
                label,
                "warning.label.missing_schematypens",
                f"the xml-model instruction of {href!r} lacks schematypens",
                found=href,
                expected=f'schematypens="{SCHEMATRON}"',
            )
            continue
        wrong = f'{misspelt}="{SCHEMATRON}"' if told is None else f'schematypens="{told}"'
        yield _warning(
            label,
            "warning.label.bad_schematypens",
            f"the xml-model instruction of {href!r} has {wrong}",
            found=wrong,
            expected=f'schematypens="{SCHEMATRON}"',
        )


def _versions(label: Label, named: Named, *, counts_like_validate: bool) -> Iterator[Message]:
    """Each schema has its Schematron and the other way round.

    ``validate`` compares the addresses as they are written.
    """
    form = str if counts_like_validate else canonical
    schemas = {form(address)[:-4] for address in named.addresses}
    rules = {form(each)[:-4] for each in named.models if each.lower().endswith(".sch")}
    if not rules or schemas == rules:
        return
    only_schemas, only_rules = sorted(schemas - rules), sorted(rules - schemas)
    parts = [
        f"{what} {', '.join(_last(each) for each in names)} without {other}"
        for what, names, other in (
            ("schema", only_schemas, "Schematron"),
            ("Schematron", only_rules, "schema"),
        )
        if names
    ]
    yield _warning(
        label,
        "warning.label.schema",
        f"names {' and '.join(parts)}",
        found="; ".join(parts),
        expected="a schema and a Schematron of the same version for each dictionary",
    )


def _last(address: str) -> str:
    return address.rpartition("/")[2]


def _warning(label: Label, kind: str, message: str, *, found: str, expected: str) -> Message:
    return Message(
        severity=Severity.WARNING,
        type=kind,
        path=label.path,
        line=1,
        lidvid=label.lidvid,
        message=message,
        found=found,
        expected=expected,
    )
