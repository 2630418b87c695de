"""All tables of a release together: which rows are hidden, until no table gives back what another hides."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from journeylab.errors import ReportError
from journeylab.release.check import check_scripts
from journeylab.release.differencing import Ledger, across, echo, hidden_counts
from journeylab.release.grid import Grid
from journeylab.release.judge import PERSON, complete, judge
from journeylab.release.markup import DepthError, parse, place, runs
from journeylab.release.page import Page, read_page
from journeylab.release.people import Ids, People
from journeylab.release.runs import RunFolder
from journeylab.release.words import INVISIBLE

MOST_ROUNDS = 200
LONGEST = 100_000


def refuse(problems: Sequence[str]) -> None:
    """Stop with every problem, where there are any."""
    if problems:
        raise ReportError("\n".join([*problems, "nothing was released"]))


def judged(run: RunFolder, people: People, minimum: int, ledger: Ledger) -> tuple[list[Page], list[Grid]]:
    """Read the pages, and find the rows to hide: small ones, and whatever would give them back."""
    pages, problems = [], []
    for file in run.pages:
        try:
            tree = parse(INVISIBLE.sub("", file.read_text(encoding="utf-8")))
        except (DepthError, UnicodeDecodeError) as error:
            problems.append(f"{file.name}: cannot be read ({type(error).__name__}); run the study again.")
            continue
        problems += check_scripts(file.name, tree)
        for passage in runs(tree):
            if sum(len(text.words) for text in passage) > LONGEST:
                problems.append(
                    f"{file.name}, {place(passage)}: a passage of more than {LONGEST:,} signs cannot be looked through."
                )
        pages.append(read_page(file.name, tree))
    refuse(problems)
    pages.sort(key=lambda page: page.name)
    grids = [grid for page in pages for grid in page.grids]
    customers = Ids([name for name, letter in people.ids.items() if letter == "C"], people.vocabulary)
    for grid in grids:
        judge(grid, minimum, max(people.customers, 1))
        for row, labels in enumerate(grid.labels):
            if any(next(customers.find(label), None) for label in labels):
                grid.hidden.setdefault(row, PERSON)
    for _ in range(MOST_ROUNDS):
        changed = [complete(grid, minimum) for grid in grids]
        changed += [echo(grids, minimum), across(grids, minimum), ledger.compare(grids, minimum)]
        if not any(changed):
            return pages, grids
    raise ReportError(
        "the tables could not be made safe: each row that is hidden asks for another. Raise privacy.minimum_cell."
    )


def echoing(grids: Sequence[Grid], minimum: int) -> Callable[[str], bool]:
    """Whether a text says one of the counts of a hidden row close to the row's name."""
    told: dict[str, set[int]] = {}
    for label, count in hidden_counts(grids, minimum):
        if len(label) > 2:
            told.setdefault(label, set()).add(count)
    patterns = {label: _close(label, counts) for label, counts in told.items()}

    def echoes(text: str) -> bool:
        low = text.casefold()
        return any(label in low and pattern.search(low) for label, pattern in patterns.items())

    return echoes


def _close(label: str, counts: set[int]) -> re.Pattern[str]:
    """A name and a count with no other number and no end of a sentence between them."""
    numbers = "|".join(sorted({f"{count:,}" for count in counts} | {str(count) for count in counts}))
    number = rf"(?<![\w.,+−-])(?:{numbers})(?![\w]|[.,]\d| ?%| points)"
    name = re.escape(label)
    return re.compile(rf"{name}[^\d.;!?]{{0,30}}{number}|{number}[^\d.;!?]{{0,30}}{name}")
