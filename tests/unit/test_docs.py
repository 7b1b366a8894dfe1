"""The manual explains everything there is, and nothing in it is broken."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from perilune import cli, errors
from perilune.cli import COMMANDS, main
from perilune.config import Config
from perilune.errors import PeriluneError
from perilune.node import Node
from perilune.web.app import create_app

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = sorted([ROOT / "README.md", ROOT / "ARCHITECTURE.md", *DOCS.rglob("*.md")])
COMMON = {"--node", "-n", "--json", "--help", "-h"}


def text_of(page: str) -> str:
    return (ROOT / page).read_text("utf-8")


def every_error(error: type[PeriluneError] = PeriluneError) -> Iterator[type[PeriluneError]]:
    yield error
    for kind in error.__subclasses__():
        if kind.__module__ == errors.__name__:
            yield from every_error(kind)


def test_the_manual_has_one_row_for_each_error() -> None:
    rows = [line for line in text_of("docs/reference/errors.md").splitlines() if "| `" in line]
    expected = [
        f"| `{error.code}` | {error.status} | {str(error.__doc__).splitlines()[0]}"
        f" | {error.advice} |"
        for error in every_error()
    ]

    assert rows == expected


def test_each_error_has_a_code_of_its_own() -> None:
    codes = [error.code for error in every_error()]

    assert sorted(codes) == sorted(set(codes))


def test_the_tree_drawn_in_errors_is_the_tree() -> None:
    drawn = []
    ancestors: list[str] = []
    for line in str(errors.__doc__).splitlines():
        if (found := re.match(r"( *)[*+-] (\w+)(?: +(\d{3})\b)?", line)) is None:
            continue
        depth = len(found[1]) // 2
        ancestors[depth:] = [found[2]]
        drawn.append((found[2], ancestors[depth - 1] if depth else "Exception", found[3]))
    built = {error.__name__: error for error in every_error()}

    assert {name for name, _, _ in drawn} == set(built)
    for name, parent, status in drawn:
        assert built[name].__base__.__name__ == parent, name  # type: ignore[union-attr]
        if status:
            assert built[name].status == int(status), name


@pytest.mark.parametrize("name", COMMANDS)
def test_the_manual_explains_each_command_and_option(name: str) -> None:
    command = main.get_command(click.Context(main), name)  # type: ignore[attr-defined]
    sections = re.split(r"^## ", text_of("docs/reference/commands.md"), flags=re.MULTILINE)
    section = next((part for part in sections if part.startswith(f"{name}\n")), "")
    options = {
        option
        for each in (command, *getattr(command, "commands", {}).values())
        for parameter in each.params
        if isinstance(parameter, click.Option)
        for option in parameter.opts
    }

    assert section, f"no section for {name}"
    assert {option for option in options - COMMON if f"`{option}`" not in section} == set()
    told = set(re.findall(r"^\| (.+?) \|", section, flags=re.MULTILINE))
    named = set(re.findall(r"`(--?[a-z-]+)`", " ".join(told)))
    assert named - options == set(), "options that do not exist"


def test_the_manual_has_no_command_that_does_not_exist() -> None:
    told = re.findall(r"^## (\w+)$", text_of("docs/reference/commands.md"), flags=re.MULTILINE)

    assert told == list(COMMANDS)


def test_commands_in_examples_exist_with_their_options() -> None:
    for page in PAGES:
        for line in re.findall(r"^perilune .+$", page.read_text("utf-8"), flags=re.MULTILINE):
            words = re.sub(r"^perilune( -n \S+)?", "", line).split("||")[0].split()
            if not words or words[0].isupper():
                continue
            assert words[0] in COMMANDS, f"{page.name}: {line}"
            command = main.get_command(click.Context(main), words[0])  # type: ignore[attr-defined]
            for name, below in getattr(command, "commands", {}).items():
                command = below if words[1] == name else command
            known = {option for each in command.params for option in each.opts}
            assert not hasattr(command, "commands"), f"{page.name}: {line}"
            used = {word for word in words if re.match(r"--?[a-z]", word)}
            assert used <= known, f"{page.name}: {line}"


def test_the_manual_explains_each_setting() -> None:
    rows = re.findall(r"^\| `([a-z_]+)` \|", text_of("docs/reference/settings.md"), re.MULTILINE)

    assert rows == list(Config.__dataclass_fields__)


def test_the_manual_explains_each_variable_of_the_environment() -> None:
    sources = [path.read_text("utf-8") for path in (ROOT / "src").rglob("*.py")]
    read = set(re.findall(r"PERILUNE_[A-Z]+", "\n".join(sources)))

    assert read == set(re.findall(r"PERILUNE_[A-Z]+", text_of("docs/reference/settings.md")))


def routes(part: object) -> Iterator[tuple[str, str]]:
    """Method and path of every route, those of included routers too."""
    for route in getattr(part, "routes", ()):
        if (inner := getattr(route, "original_router", None)) is not None:
            yield from routes(inner)
        elif path := getattr(route, "path", ""):
            [method] = (getattr(route, "methods", None) or {"GET"}) - {"HEAD"}
            yield method, re.sub(r"\{(\w+):\w+\}", r"{\1}", path)


def test_the_manual_explains_each_route_once() -> None:
    told = re.findall(
        r"^\| `([A-Z]+) (/[^`]*)` \|", text_of("docs/reference/routes.md"), re.MULTILINE
    )
    served = list(routes(create_app(Node.in_memory())))

    assert len(served) > 30
    assert sorted(told) == sorted(served)


def links() -> Iterator[tuple[Path, str]]:
    for page in PAGES:
        plain = re.sub(r"```.*?```", "", page.read_text("utf-8"), flags=re.DOTALL)
        for target in re.findall(r"\]\(([^)\s]+)\)", plain):
            if not re.match(r"[a-z]+:", target):
                yield page, target


def test_every_link_leads_somewhere() -> None:
    broken = []
    for page, target in links():
        path, _, anchor = target.partition("#")
        found = (page.parent / path).resolve() if path else page
        if not found.exists():
            broken.append(f"{page.relative_to(ROOT)}: {target}")
        elif anchor:
            headings = re.findall(r"^#+ (.+)$", found.read_text("utf-8"), flags=re.MULTILINE)
            slugs = {re.sub(r"[^\w -]", "", h).lower().replace(" ", "-") for h in headings}
            if anchor not in slugs:
                broken.append(f"{page.relative_to(ROOT)}: {target}")

    assert broken == []


def test_every_page_of_the_manual_can_be_reached() -> None:
    reached = {(page.parent / target.partition("#")[0]).resolve() for page, target in links()}

    assert {page for page in PAGES if page not in reached} == {ROOT / "README.md"}


def test_every_make_target_in_the_documents_exists() -> None:
    targets = set(re.findall(r"^([a-z]+):", text_of("Makefile"), flags=re.MULTILINE))

    assert len(targets) <= 10
    for page in PAGES:
        for used in re.findall(r"(?:^|`)make ([a-z]+)", page.read_text("utf-8"), re.MULTILINE):
            assert used in targets, f"{page.name}: make {used}"


def examples() -> list[str]:
    return [
        code
        for page in PAGES
        for code in re.findall(
            r"^```python\n(.*?)^```", page.read_text("utf-8"), re.MULTILINE | re.DOTALL
        )
        if not code.startswith("# needs ")
    ]


@pytest.mark.parametrize("code", examples(), ids=lambda code: code.splitlines()[-1][:40])
def test_examples_in_python_run(code: str, tmp_path: Path) -> None:
    done = subprocess.run(  # our own manual
        [sys.executable, "-W", "error", "-c", code],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert done.stdout


def test_the_tutorial_works_as_it_is_written(tmp_path: Path) -> None:
    left_out = re.compile(r"make |\. \.venv|perilune serve")
    script = [f'perilune() {{ "{sys.executable}" -m perilune "$@"; }}']
    page = text_of("docs/tutorial/first-delivery.md")
    for language, code in re.findall(r"^```(\w+)\n(.*?)^```", page, re.MULTILINE | re.DOTALL):
        if language == "python":
            script.append(f"\"{sys.executable}\" - <<'END'\n{code}END")
        else:
            script += [line for line in code.splitlines() if not left_out.match(line)]

    done = subprocess.run(
        ["/bin/sh", "-c", "\n".join(script)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    for told in ("38 products in 76 files", "38 products taken in", "Refused whole", "\n3\n"):
        assert told in done.stdout
    assert "Proved: data_raw/stc_01_raw.xml, data_raw/stc_01_raw.img" in done.stdout


def test_architecture_names_only_files_that_are_there() -> None:
    source = ROOT / "src/perilune"
    named = re.findall(r"`([a-z_]+/[a-z_/]*(?:\.py)?|[a-z_]+\.py)`", text_of("ARCHITECTURE.md"))

    assert len(named) > 40
    assert [name for name in named if not (source / name).exists()] == []


def test_the_help_of_each_command_fits_its_line_in_the_list() -> None:
    for name, line in cli.COMMANDS.items():
        command = main.get_command(click.Context(main), name)  # type: ignore[attr-defined]
        assert command.short_help == line
