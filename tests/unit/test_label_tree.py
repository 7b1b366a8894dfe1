"""The columns that a label is read into, and what of them outlives the label."""

from perilune.formats.pds4 import grow as growing
from perilune.formats.pds4.grow import PDS, grow
from perilune.formats.pds4.label import read_label
from perilune.formats.pds4.tree import Tree
from perilune.testing.labels import label


def _grow(content: str) -> Tree:
    return grow(f'<Product xmlns="{PDS}">{content}</Product>'.encode())


def test_a_class_has_its_own_attributes_and_classes_and_not_those_within_them() -> None:
    grown = _grow(
        "<a>1</a><File><a>2</a><File><a>3</a><b unit=' m'>4</b></File><c/></File><b>5</b><a>6</a>"
    )
    (outer,) = grown.root.classes

    assert grown.root.attributes == [("pds:a", "1"), ("pds:b", "5"), ("pds:a", "6")]
    assert grown.root.values("pds:a") == ("1", "6")
    assert outer.attributes == [("pds:a", "2"), ("pds:c", "")]
    assert (outer.value("pds:b"), outer.quantity("pds:b"), outer.line_of("pds:b")) == (
        "",
        ("", ""),
        None,
    )
    assert [each.value("pds:a") for each in grown.every("pds:File")] == ["2", "3"]
    assert grown.every("pds:File")[1].quantity("pds:b") == ("4", " m")
    assert grown.properties == (
        ("pds:Product.pds:a", ("1", "6")),
        ("pds:File.pds:a", ("2", "3")),
        ("pds:File.pds:b", ("4",)),
        ("pds:Product.pds:b", ("5",)),
    )


def test_a_name_is_an_attribute_without_children_and_a_class_with_them() -> None:
    root = _grow("<name>x</name><name><a>1</a></name><name/>").root

    assert root.values("pds:name") == ("x",)
    assert [inner.value("pds:a") for inner in root.every("pds:name")] == ["1"]


def test_classes_of_several_names_come_in_the_order_of_the_label() -> None:
    grown = _grow("<B><n>1</n></B><A><n>2</n></A><B><n>3</n></B>")

    assert [each.value("pds:n") for each in grown.every("pds:A", "pds:B")] == ["1", "2", "3"]


def test_a_label_of_one_element_has_no_properties() -> None:
    grown = _grow("only words")

    assert grown.properties == ()
    assert grown.root.attributes == []


def test_two_labels_share_the_names_of_their_properties() -> None:
    first, second = read_label(label()), read_label(label(version="2.0"))

    shared = zip(first.properties, second.properties, strict=True)
    assert all(mine[0] is yours[0] for mine, yours in shared)


def test_names_made_up_by_a_label_are_not_remembered_without_end() -> None:
    many = "".join(f"<n{number}/>" for number in range(20_000))
    classes = "".join(f"<C{number}><a>1</a></C{number}>" for number in range(2_000))
    values = "".join(f"<v{number}>1</v{number}>" for number in range(2_000))
    long = "x" * 40_000

    grown = _grow(f"{many}{classes}<Values>{values}</Values><{long}>1</{long}>")

    assert len(grown.properties) == 2_000 + 2_000 + 1
    assert len(growing._registered) <= 16_384
    assert len(growing._properties) <= 512
    assert all(len(names) <= 128 for names in growing._properties.values())
    assert not any(len(tag) > 300 for tag in growing._registered)
