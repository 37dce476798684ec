"""The command that copies the examples which come with the package."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import NoReturn

import click

from .ending import Exit, say
from .words import clean

# As the package is installed, or in a source tree.
_PLACES = (
    Path(__file__).parents[1] / "_examples",
    Path(__file__).parents[2] / "docs" / "examples",
)


@click.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
def examples(folder: Path) -> NoReturn:
    """
    Copy the examples to FOLDER: imports in FastAPI, aiohttp.web, Celery and Dagster.

    Each file begins with how to run it. A file that is there already is left as it is, and named.
    """
    found = sorted(
        file for place in _PLACES for file in place.glob("*.*") if file.suffix in {".py", ".html"}
    )
    kept = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for file in found:
            target = folder / file.name
            if target.exists():
                kept.append(target)
                continue
            shutil.copyfile(file, target)
            click.echo(clean(str(target)))
    except OSError as error:
        say(f"{clean(str(folder))} cannot be written: {error.strerror}")
        raise SystemExit(Exit.UNUSABLE) from None
    for target in kept:
        say(f"{clean(str(target))} is there already, and was left as it is: choose another FOLDER")
    raise SystemExit(Exit.SOME_FAILED if kept else Exit.OK)
