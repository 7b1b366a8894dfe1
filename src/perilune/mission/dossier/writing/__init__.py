"""A dossier as files: a page, a print, a GeoPackage, rasters, and JSON.

All are made in a folder of their own and put in place when they are whole.
"""

import json
import shutil
import tempfile
from pathlib import Path

from perilune.errors import WrongUsage
from perilune.mission.dossier.document import document, light_source
from perilune.mission.dossier.dossier import Dossier
from perilune.mission.dossier.figures import figures
from perilune.mission.dossier.writing import geopackage, page, prints, rasters


def write_dossier(dossier: Dossier, folder: Path) -> list[Path]:
    """Write all forms into ``folder``, which is made; the paths written.

    Raises `WrongUsage` where one of them is there already, and writes none.
    """
    drawn, told = figures(dossier), document(dossier)
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".dossier-", dir=folder) as making:
        made = Path(making)
        text = json.dumps(told, ensure_ascii=False, indent=2) + "\n"
        (made / "dossier.json").write_text(text, encoding="utf-8")
        (made / "dossier.html").write_text(page.html(dossier, told, drawn), encoding="utf-8")
        prints.write(dossier, told, drawn, made / "dossier.pdf")
        geopackage.write(dossier, drawn.sheet, made / "dossier.gpkg")
        rasters.write(drawn, made, source=light_source(dossier))
        names = sorted(each.name for each in made.iterdir())
        if there := [name for name in names if (folder / name).exists()]:
            raise WrongUsage(f"{folder} has {', '.join(there)} already; choose another folder")
        for name in names:
            shutil.move(made / name, folder / name)
    return [folder / name for name in names]
