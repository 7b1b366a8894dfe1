"""Real labels, and mutations of them, against their own schemas and Schematrons.

Independent references: Xerces 2.12 (Debian's libxerces2-java) for XML Schema, which is what NASA's
``validate`` counts by; for Schematron the skeleton of ISO 19757-3 that lxml has, run on Saxon.
"""

import os
import random
import shutil
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path

import lxml.isoschematron
import pytest
from lxml import etree
from saxonche import PySaxonApiError, PySaxonProcessor, PyXsltExecutable

from perilune.formats import xml
from perilune.validation.grammar import check_grammar
from perilune.validation.label import Label, read_label
from perilune.validation.named import SCHEMATRON, named_in
from perilune.validation.options import Options
from perilune.validation.schemas import Pinned, Schemas
from perilune.validation.schematron.collapsed import collapsed
from perilune.validation.schematron.engine import (
    Compiled,
    Schematrons,
    Stopped,
    failures,
    silence,
)

Shared = Callable[[str], Path]
XERCES = Path("/usr/share/java/xercesImpl.jar")
CORE = "http://pds.nasa.gov/pds4/pds/v1"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
LONG = os.environ.get("HYPOTHESIS_PROFILE") == "long"
LIKE_VALIDATE = Options(counts_like_validate=True)


@pytest.fixture(scope="module")
def schemas(shared: Shared, tmp_path_factory: pytest.TempPathFactory) -> Schemas:
    opened = Schemas.open(tmp_path_factory.mktemp("schemas"))
    opened.add(shared("data/pds4/schemas.tar.xz"))
    return opened


@pytest.fixture(scope="module")
def labels(shared: Shared, schemas: Schemas) -> list[Label]:
    """Those whose schemas are all at hand."""
    folders = shared("data/pds4/samples"), shared("data/pds4/validate-cases/resources")
    return [
        found
        for folder in folders
        for found in _products(folder)
        if (named := named_in(found).schemas)
        and all(isinstance(schemas.resolve(each, found.place), Pinned) for _, each in named)
    ]


def _products(folder: Path) -> Iterator[Label]:
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() in (".xml", ".lblx") and path.is_file():
            found = read_label(path.name, path)
            if isinstance(found, Label) and found.product_class.startswith("Product"):
                yield found


@pytest.fixture(scope="module")
def xerces(
    shared: Shared, tmp_path_factory: pytest.TempPathFactory
) -> Callable[..., list[list[str]]]:
    """Errors that Xerces tells of each label; None stands for one that it cannot read."""
    if not XERCES.exists() or shutil.which("javac") is None:
        pytest.skip("needs a JDK and Debian's libxerces2-java")
    folder = tmp_path_factory.mktemp("xerces")
    archive = shared("data/pds4/schemas.tar.xz")
    (folder / "schemas").mkdir()
    subprocess.run(["tar", "-xJf", archive, "-C", folder / "schemas"], check=True)
    source = Path(__file__).with_name("Xerces.java")
    subprocess.run(["javac", "-cp", XERCES, "-d", folder, source], check=True)

    def told(paths: list[Path]) -> list[list[str]]:
        done = subprocess.run(
            ["java", "-cp", f"{XERCES}:{folder}", "Xerces", str(folder / "schemas")],
            input="\n".join(map(str, paths)),
            capture_output=True,
            text=True,
            check=True,
        )
        found: list[list[str]] = []
        for line in done.stdout.splitlines():
            if line.startswith("label\t"):
                found.append([])
            else:
                found[-1].append(line)
        return found

    return told


def errors(label: Label, schemas: Schemas) -> int:
    told = check_grammar(label, schemas, LIKE_VALIDATE)
    return sum(each.count for each in told if each.type == "error.label.schema")


def test_every_real_label_has_as_many_schema_errors_as_xerces_tells(
    labels: list[Label], schemas: Schemas, xerces: Callable[..., list[list[str]]]
) -> None:
    read = [label for label in labels if "\n" not in str(label.place)]
    if not LONG:
        read = random.Random(20261124).sample(read, 150)

    theirs = [len(each) for each in xerces([label.place for label in read])]
    ours = [errors(label, schemas) for label in read]

    assert sum(theirs) > 20
    assert {
        str(label.place): (own, other)
        for label, own, other in zip(read, ours, theirs, strict=True)
        if own != other
    } == {}


def test_of_mutated_labels_the_verdicts_are_those_of_xerces_and_nearly_all_counts(
    labels: list[Label],
    schemas: Schemas,
    xerces: Callable[..., list[list[str]]],
    tmp_path: Path,
) -> None:
    chance = random.Random(20261125)
    small = [label for label in labels if len(label.data) < 60_000]
    mutants = []
    for number in range(1_000 if LONG else 100):
        path = tmp_path / f"{number}.xml"
        path.write_bytes(mutated(chance.choice(small), chance))
        found = read_label(path.name, path)
        assert isinstance(found, Label)
        mutants.append(found)

    theirs = [len(each) for each in xerces([label.place for label in mutants])]
    ours = [errors(label, schemas) for label in mutants]

    assert [bool(each) for each in ours] == [bool(each) for each in theirs]
    assert sum(map(bool, theirs)) > len(mutants) * 0.8
    same = sum(own == other for own, other in zip(ours, theirs, strict=True))
    assert same >= 0.96 * len(mutants)


def mutated(label: Label, chance: random.Random) -> bytes:
    """The label with one to five things done to it."""
    root = deepcopy(label.root)
    inside = [each for each in root.iter() if each is not root]
    for _ in range(chance.choice((1, 1, 2, 3, 5))):
        each = chance.choice(inside)
        if (parent := each.getparent()) is not None:
            chance.choice(MUTATIONS)(each, parent, chance)
    models = "".join(
        f'<?xml-model href="{address}" schematypens="{SCHEMATRON}"?>'
        for address in named_in(label).schematrons
    )
    return models.encode() + etree.tostring(root, encoding="utf-8")


def _swapped(each: etree._Element, _: etree._Element, __: random.Random) -> None:
    if (before := each.getprevious()) is not None:
        before.addprevious(each)


def _revalued(each: etree._Element, _: etree._Element, chance: random.Random) -> None:
    if len(each) == 0:
        each.text = chance.choice(("", "X", "-1", "9" * 20, " x ", "a" * 300))


def _renamed(each: etree._Element, _: etree._Element, chance: random.Random) -> None:
    each.tag = f"{{{CORE}}}{chance.choice(('Nonsense', 'title', 'File', 'comment'))}"


def _attributed(each: etree._Element, _: etree._Element, chance: random.Random) -> None:
    each.set(chance.choice(("unit", "other", f"{{{XSI}}}nil")), "true")


def _added(_: etree._Element, parent: etree._Element, __: random.Random) -> None:
    etree.SubElement(parent, f"{{{CORE}}}description").text = "x"


def _copied_in(each: etree._Element, parent: etree._Element, chance: random.Random) -> None:
    others = [
        other for other in parent.getroottree().getroot().iter() if other not in (each, parent)
    ]
    parent.insert(0, deepcopy(chance.choice(others[1:] or [each])))


MUTATIONS: list[Callable[[etree._Element, etree._Element, random.Random], object]] = [
    lambda each, parent, _: parent.remove(each),
    lambda each, _, __: each.addnext(deepcopy(each)),
    lambda _, parent, __: setattr(parent, "text", "text"),
    _swapped,
    _revalued,
    _renamed,
    _attributed,
    _added,
    _copied_in,
]


@dataclass
class Skeleton:
    """Schematrons compiled by the ISO skeleton."""

    processor: PySaxonProcessor
    schemas: Schemas
    rules: dict[str, PyXsltExecutable] = field(default_factory=dict)

    def __post_init__(self) -> None:
        folder = Path(lxml.isoschematron.__file__).parent / "resources/xsl/iso-schematron-xslt1"
        self.compiler = self.processor.new_xslt30_processor()
        self.skeleton = self.compiler.compile_stylesheet(
            stylesheet_file=str(folder / "iso_svrl_for_xslt1.xsl")
        )

    def failed(self, pinned: Pinned, label: Label) -> Counter[str] | None:
        """Tests that failed and how often; None where the Schematron stops."""
        if pinned.sha256 not in self.rules:
            self.rules[pinned.sha256] = self._compiled(self.schemas.read(pinned))
        rules = self.rules[pinned.sha256]
        try:
            told = rules.transform_to_string(xdm_node=self._parsed(_as_typed(label)))
        except PySaxonApiError:
            return None
        failed = etree.fromstring(told.encode()).iter(
            "{http://purl.oclc.org/dsdl/svrl}failed-assert"
        )
        return Counter(" ".join(each.get("test", "").split()) for each in failed)

    def _compiled(self, schematron: bytes) -> PyXsltExecutable:
        root = xml.parse(schematron)
        root.attrib.pop("queryBinding", None)  # the skeleton lxml has is that for XPath 1
        source = self._parsed(etree.tostring(root, encoding="unicode"))
        made = etree.fromstring(self.skeleton.transform_to_string(xdm_node=source).encode())
        made.set("version", "3.0")
        return self.compiler.compile_stylesheet(
            stylesheet_text=etree.tostring(made, encoding="unicode")
        )

    def _parsed(self, text: str) -> object:
        return self.processor.parse_xml(xml_text=text, encoding="utf-8")


def _as_typed(label: Label) -> str:
    """The label as a parser hands it on that knows its schema: values end where they end."""
    tidy = collapsed(label.root)
    if tidy is None:
        return label.data.decode("utf-8-sig")
    return etree.tostring(tidy, encoding="unicode")


def test_the_asserts_that_fail_are_those_of_the_iso_skeleton(
    labels: list[Label], schemas: Schemas, tmp_path: Path
) -> None:
    chance = random.Random(20261126)
    skeleton = Skeleton(PySaxonProcessor(license=False), schemas)
    engine = Schematrons(schemas)
    chosen = labels if LONG else chance.sample(labels, 6)
    for number, label in enumerate(chance.sample(labels, 150 if LONG else 20)):
        path = tmp_path / f"{number}.xml"
        path.write_bytes(mutated(label, chance))
        found = read_label(path.name, path)
        assert isinstance(found, Label)
        chosen = [*chosen, found]
    failed, differ = 0, {}
    with silence():
        for label in chosen:
            for address in named_in(label).schematrons:
                pinned = schemas.resolve(address, label.place)
                if not isinstance(pinned, Pinned):
                    continue
                theirs, ours = skeleton.failed(pinned, label), own(engine, pinned, label)
                failed += sum((theirs or {}).values())
                if theirs != ours:
                    differ[str(label.place), pinned.name] = ours, theirs

    assert differ == {}
    assert failed > 0


def own(engine: Schematrons, pinned: Pinned, label: Label) -> Counter[str] | None:
    compiled = engine.compiled(pinned)
    assert isinstance(compiled, Compiled)
    assert compiled.refused == ()
    document = engine.document(label)
    if isinstance(document, Stopped):
        return None
    told = failures(compiled, document, label, stops=True)
    return None if isinstance(told, Stopped) else Counter(each.test for each in told)


def test_every_pinned_schematron_is_run_whole(schemas: Schemas) -> None:
    chance = random.Random(20261127)
    found = [each for each in schemas.entries if each.kind == "schematron"]
    engine = Schematrons(schemas)

    refused = {}
    with silence():
        for entry in found if LONG else chance.sample(found, 12):
            pinned = schemas.resolve(entry.name, None)
            assert isinstance(pinned, Pinned)
            compiled = engine.compiled(pinned)
            if isinstance(compiled, str) or compiled.refused or compiled.fault:
                refused[entry.name] = compiled

    assert refused == {}
