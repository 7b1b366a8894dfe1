"""What is built for browsers: only on change, from a lock file, with everybody's licence."""

import importlib.util
import json
import shutil
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]
DIST = ROOT / "src/perilune/web/static/dist"


@pytest.fixture(scope="module")
def build_web() -> ModuleType:
    pytest.importorskip("hatchling")
    spec = importlib.util.spec_from_file_location("build_web", ROOT / "build_web.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project whose bundle is a file that npm's own Node.js writes."""
    if shutil.which("npm") is None:
        pytest.skip("needs npm")
    web = tmp_path / "web"
    web.mkdir()
    name = {"name": "small", "version": "1.0.0"}
    build = "node build.mjs"
    (web / "package.json").write_text(json.dumps(name | {"scripts": {"build": build}}))
    lock = name | {"lockfileVersion": 3, "requires": True, "packages": {"": name}}
    (web / "package-lock.json").write_text(json.dumps(lock))
    (web / "build.mjs").write_text(
        "import fs from 'node:fs';"
        "fs.mkdirSync('../src/perilune/web/static/dist', {recursive: true});"
        "fs.writeFileSync('../src/perilune/web/static/dist/page.js', String(process.hrtime()));"
        "fs.mkdirSync('node_modules', {recursive: true});"
        "fs.writeFileSync('node_modules/.meta.json', '{\"inputs\": {\"page.js\": {}}}');"
    )
    return tmp_path


def test_bundles_are_built_only_when_a_source_changed(build_web: ModuleType, project: Path) -> None:
    bundle = project / "src/perilune/web/static/dist/page.js"

    assert build_web.build(project) is True
    first = bundle.read_text()
    assert build_web.build(project) is False
    assert bundle.read_text() == first

    (project / "web/page.js").write_text("// changed")
    assert build_web.build(project) is True
    assert bundle.read_text() != first


def test_a_build_that_fails_says_what_npm_said_and_is_tried_again(
    build_web: ModuleType, project: Path
) -> None:
    script = project / "web/build.mjs"
    script.write_text("console.error('no such thing as page.js'); process.exit(7)")

    for _ in range(2):
        with pytest.raises(build_web.BuildFails, match=r"no such thing as page\.js"):
            build_web.build(project)


def test_a_lock_file_that_does_not_fit_is_refused(build_web: ModuleType, project: Path) -> None:
    package = project / "web/package.json"
    document = json.loads(package.read_text()) | {"dependencies": {"absent": "1.0.0"}}
    package.write_text(json.dumps(document))

    with pytest.raises(build_web.BuildFails, match="npm ci"):
        build_web.build(project)


def test_the_lock_file_names_digests_and_no_address() -> None:
    lock = json.loads((ROOT / "web/package-lock.json").read_text())
    packages = {name: entry for name, entry in lock["packages"].items() if name}

    assert len(packages) > 20
    assert all("integrity" in entry for entry in packages.values())
    assert not [name for name, entry in packages.items() if "resolved" in entry]


def test_everything_bundled_has_its_licence_beside_it() -> None:
    if not (DIST / "LICENSES.txt").is_file():
        pytest.skip("the bundles of the portal are not built: python build_web.py")
    notices = (DIST / "LICENSES.txt").read_text(encoding="utf-8")

    for name in json.loads((ROOT / "web/package.json").read_text())["dependencies"]:
        assert f"\n{name} " in f"\n{notices}"
    assert "Redistributions in binary form must reproduce" in notices  # OpenLayers, BSD-2-Clause
    assert "Permission is hereby granted, free of charge" in notices  # proj4, MIT
