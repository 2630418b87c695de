"""What a run must not hold at all: people who withdrew, and secrets of machines; found with its place, in every file."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from journeylab.release.markup import DepthError, parse, place, runs
from journeylab.release.people import Ids, People
from journeylab.release.runs import TEXTS, RunFolder
from journeylab.release.tokens import Secrets
from journeylab.release.words import tidy

MOST_FOUND = 20
SKIPPED = {"image/png", "image/jpeg"}


def scan(run: RunFolder, people: People, secrets: Secrets) -> list[str]:
    """Every place where the run holds what it must not, with the reason.

    Parameters
    ----------
    run : RunFolder
    people : People
        As the study knows them now.
    secrets : Secrets
    """
    gone = Ids(people.withdrawn, people.vocabulary)
    problems: list[str] = []
    for file in (*run.pages, *run.others):
        name = file.relative_to(run.folder).as_posix()
        content = file.read_bytes()
        text = content.decode("utf-8-sig", errors="replace")
        for line, kind in secrets.find(text):
            problems.append(
                f"{name}, line {line}: {kind}. Take it out of the study, change it where it is valid, and run again."
            )
        if file.suffix not in TEXTS:
            continue
        try:
            told = list(texts(file, text))
        except (DepthError, csv.Error) as error:
            problems.append(
                f"{name}: cannot be read ({type(error).__name__}), so that nobody knows what is in it. Remove it."
            )
            continue
        for where, words in told:
            words = tidy(words)
            for _, who in gone.find(words):
                problems.append(
                    f"{name}, {where}: '{who}' withdrew {people.withdrawn[who]}. Run the study again.".replace(
                        "  ", " "
                    )
                )
            if len(words) >= 12:
                problems += [
                    f"{name}, {where}: {kind}. Take it out of the study, change it where it is valid, and run again."
                    for _, kind in secrets.find(words)
                ]
            page = file.suffix == ".html" and not where.startswith("attribute")
            if people.gone.within(words, short=page):
                problems.append(f"{name}, {where}: words of a person who withdrew. Run the study again.")
        if len(problems) > MOST_FOUND:
            break
    return list(dict.fromkeys(problems))


def texts(file: Path, text: str) -> Iterator[tuple[str, str]]:
    """Place and words of each text in a file of a run."""
    if file.suffix in {".html", ".svg"}:
        page = parse(text)
        for run in runs(page):
            yield place(run), "".join(part.words for part in run)
        for element in page.every():
            for name, value in element.attributes.items():
                if value and not value.startswith("data:"):
                    yield f"attribute {name} of <{element.tag}>", value
    elif file.suffix in {".json", ".ipynb"}:
        try:
            yield from _walk(json.loads(text), "")
        except (ValueError, RecursionError):
            yield "its text", text
    elif file.suffix == ".csv":
        for number, row in enumerate(csv.reader(io.StringIO(text)), 1):
            for cell in row:
                yield f"row {number}", cell
    else:
        yield "its text", text


def _walk(value: Any, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield path or "its text", value
    elif isinstance(value, dict):
        for key, item in value.items():
            if key not in SKIPPED:
                yield f"key in {path or 'the file'}", str(key)
                yield from _walk(item, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list):
        if value and all(isinstance(item, str) for item in value):
            yield path, "".join(value) if path.endswith((".source", ".text")) or "data." in path else "\n".join(value)
        else:
            for number, item in enumerate(value):
                yield from _walk(item, f"{path}[{number}]")
