"""Which run is meant? A folder, a study's latest, or a run by its name."""

from __future__ import annotations

from pathlib import Path

from journeylab.errors import ReportError, did_you_mean, listing
from journeylab.paths import is_file
from journeylab.report.record import LATEST, Past, list_runs, read_record


def find_run(word: str, reports: Path) -> Path:
    """The folder of a run.

    Parameters
    ----------
    word : str
        A folder with run.json; ``STUDY/RUN`` or ``STUDY/latest`` under `reports`.

    Raises
    ------
    ReportError
        When there is no such run, with the names of those that there are; when its run.json is damaged.
    """
    for folder in (Path(word), reports / word):
        target = follow(folder)
        if is_file(target / "run.json"):
            try:
                read_record(target / "run.json")
            except (OSError, ValueError, RecursionError) as error:
                raise ReportError(f"{target / 'run.json'}: is not a run's record: {error}; name another run.") from None
            return target
    study = Path(word).parent.name or Path(word).name
    names = [f"{study}/{past.name}" for past in list_runs(reports, study) if not past.damage]
    raise ReportError(
        f"{word}: is no run: there is no run.json in it or in {reports / word}. A run is a folder such as reports/STUDY/RUN; "
        f"there are {listing(names) or f'none of {study!r} in {reports}'}.{did_you_mean(word, names)}"
    )


def is_run(word: str, reports: Path) -> bool:
    """Whether a word means one run, and not a study."""
    return any(is_file(follow(folder) / "run.json") for folder in (Path(word), reports / word))


def follow(folder: Path) -> Path:
    """Where ``latest`` leads, also where it is a file that names the run."""
    if folder.name == LATEST and folder.is_file():
        return folder.parent / folder.read_text(encoding="utf-8").strip()
    return folder.resolve() if folder.exists() else folder


def good_runs(word: str, reports: Path) -> list[Past]:
    """The good and whole runs of a study, oldest first.

    Parameters
    ----------
    word : str
        A study's folder, its study.toml, or its name.

    Raises
    ------
    ReportError
        When it has none, and for one run instead of a study.
    """
    name = study_of(word, reports)
    every = list_runs(reports, name)
    whole = max((past.notebooks for past in every if past.ok), default=0)
    found = [past for past in reversed(every) if past.ok and past.notebooks == whole]
    if any(not past.public for past in found):  # what a public run hides is no change
        found = [past for past in found if not past.public]
    if not found:
        damaged = "".join(f" {past.note}" for past in every if past.damage)
        raise ReportError(
            f"{reports / name}: has no good run of '{name}'; make one with: journeylab run STUDY{damaged and '.'}{damaged}"
        )
    return found


def last_good(study: str, reports: Path) -> Path | None:
    """The newest good and whole run of a study, an internal one where there is any; None where it has none."""
    try:
        return good_runs(study, reports)[-1].folder if (reports / study).is_dir() else None
    except ReportError:
        return None


def study_of(word: str, reports: Path) -> str:
    """The name of the study that a word means: its folder, its study.toml, or the name itself.

    Raises
    ------
    ReportError
        For one run instead of a study.
    """
    path = Path(word)
    if path.name == "study.toml" or (path / "study.toml").is_file():
        from journeylab.opening import open_study

        return open_study(path).name
    if is_run(word, reports):
        study = find_run(word, reports).resolve().parent.name
        raise ReportError(f"{word}: is one run; give two runs, or the study '{study}'.")
    if len(path.parts) > 1 and not path.is_dir() and (reports / path.parent.name).is_dir():
        raise ReportError(f"{word}: is no study; give two runs, or the study '{path.parent.name}'.")
    return path.resolve().name if path.is_dir() else path.name
