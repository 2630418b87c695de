"""Finding the study that is meant: by its folder, its study.toml, or from where one stands."""

from __future__ import annotations

import os
from pathlib import Path

from journeylab.errors import StudyError, did_you_mean, listing
from journeylab.paths import is_dir, is_file, resolved
from journeylab.study import Study


def open_study(path: str | Path | None = None, data_dir: str | Path | None = None) -> Study:
    """Open a study by its folder or its study.toml.

    Parameters
    ----------
    path : str or Path, optional
        A folder with a study.toml, or the file. A relative path is looked for here and in every folder above. Without it the
        study is the one of this folder or of the nearest above that has a study.toml; else the only one in a folder of this
        folder, or in a folder of ``data`` here or above.
    data_dir : str or Path, optional
        Where the raw files lie, if not beside the study.toml.

    Raises
    ------
    StudyError
        When there is no such study, or several and no path; its study.toml has mistakes; or `data_dir` is no folder.
    """
    file = _look_around() if path is None else _find(Path(path))
    if data_dir is not None and not is_dir(Path(data_dir)):
        raise StudyError(f"{data_dir}: the data folder is not there (given as --data or data_dir).")
    return Study(file, None if data_dir is None else Path(data_dir).resolve())


def _look_around() -> Path:
    """The study.toml that is meant where no path is given."""
    here = Path.cwd()
    bases = [here, *here.parents]
    for base in bases:
        if (base / "study.toml").is_file():
            return base / "study.toml"
    for base in bases:
        found = sorted(base.glob("data/*/study.toml"))
        if base == here:
            found = sorted([*found, *base.glob("*/study.toml")])
        if len(found) == 1:
            return found[0]
        if found:
            names = [file.parent.relative_to(base).as_posix() for file in found]
            raise StudyError(
                f"{base}: there are {len(found)} studies here: {listing(names)}. "
                f'Say which: jl.open_study("{names[0]}") works from every folder in {base}.'
            )
    raise StudyError(
        f"{here}: there is no study.toml here or in a folder above, and none in data/*/. Name the study's folder: "
        'jl.open_study("path/to/mystudy"). `journeylab new mystudy` in a terminal makes one.'
    )


def _find(given: Path) -> Path:
    """The study.toml of a path, looked for upwards from here."""
    bases = [Path.cwd(), *Path.cwd().parents] if not given.is_absolute() else [Path("/")]
    for base in bases:
        place = resolved(base / given)
        if is_dir(place) and is_file(place / "study.toml"):
            return place / "study.toml"
        if is_file(place):
            return place
        if is_dir(place) and not os.access(place, os.X_OK):
            raise StudyError(f"{given}: may not be entered: Permission denied.")
    near = sorted(file.parent.name for file in given.absolute().parent.glob("*/study.toml"))
    hint = f" Studies beside it: {listing(near)}." if near else ""
    raise StudyError(
        f"{given}: there is no study here (a folder with a study.toml).{hint}{did_you_mean(given.name, near)} "
        f"`journeylab new {given}` makes one."
    )
