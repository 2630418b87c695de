"""A study.toml with mistakes: each is named with its place, what was found and what is allowed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from journeylab.config import DEFAULT_STAGES
from journeylab.errors import StudyError
from journeylab.new import new_study
from journeylab.study_toml import read_config

GOOD = '[study]\nname = "shop"\ntitle = "A shop"\n'


def problems(tmp_path: Path, text: str) -> str:
    file = tmp_path / "study.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(StudyError) as caught:
        read_config(file)
    assert str(file) in str(caught.value)
    return str(caught.value)


def test_a_short_study_gets_the_five_stages_of_the_literature(tmp_path: Path) -> None:
    (tmp_path / "study.toml").write_text(GOOD)
    config = read_config(tmp_path / "study.toml")
    assert tuple(config.stage_names) == DEFAULT_STAGES
    assert config.study.engine == "duckdb"


def test_the_study_that_new_writes_is_valid_and_its_comments_are_too(tmp_path: Path) -> None:
    file = new_study(tmp_path / "my study")
    assert read_config(file).study.name == "my-study"
    commented = [line for line in file.read_text().splitlines() if line.startswith(("# [", "# ")) and is_key(line)]
    assert len(commented) > 20
    file.write_text("\n".join(line[2:] if line in commented else line for line in file.read_text().splitlines()))
    config = read_config(file)
    assert config.outcomes[0].touchpoint == "order placed"


def is_key(line: str) -> bool:
    """Whether a comment is a key or a section that a user may uncomment."""
    return re.match(r"# (\[|[a-z_]+ = )", line) is not None


def test_a_second_new_study_in_one_folder_changes_nothing(tmp_path: Path) -> None:
    file = new_study(tmp_path / "s")
    before = file.read_text()
    with pytest.raises(StudyError, match="is there already"):
        new_study(tmp_path / "s")
    assert file.read_text() == before


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('[study]\nname = "shop"\n', ["study.title", "is missing"]),
        ('[study]\nname = "my shop!"\ntitle = "x"\n', [":2:", "study.name", "letters, digits"]),
        (GOOD + 'timezon = "UTC"\n', [":4:", "unknown key 'timezon'", "Did you mean 'timezone'?"]),
        (GOOD + 'timezone = "Europe/Berln"\n', ["no known time zone", "Did you mean 'Europe/Berlin'?"]),
        (GOOD + 'session_gap = "half an hour"\n', ["session_gap", "'30min'"]),
        (GOOD + 'session_gap = "-30min"\n', ["session_gap", "no span of time"]),
        (GOOD + 'engine = "postgres"\n', ["engine", "'duckdb'"]),
        (GOOD + '[evnts]\npath = "x.csv"\n', ["unknown key 'evnts'", "Did you mean 'events'?"]),
        (GOOD + '[events]\npath = "x.csv"\nshape = "broad"\n', ["events[1].shape", "'long', 'wide'"]),
        (GOOD + '[events]\nformat = "tabular"\n', ["events[1].path", "is missing"]),
        (
            GOOD + '[[touchpoints]]\nmatch = "a"\nstage = "decison"\n',
            ["touchpoints[1].stage", "Did you mean 'decision'?"],
        ),
        (GOOD + '[[touchpoints]]\nmatch = ""\n', ["touchpoints[1].match", "'' is empty"]),
        (GOOD + '[[touchpoints]]\nmatch = "re:"\n', ["touchpoints[1].match", "'re:' is empty"]),
        (GOOD + '[[touchpoints]]\nmatch = ["a", "re: "]\n', ["touchpoints[1].match", "'re: ' is empty"]),
        (GOOD + '[[stages]]\nname = "a"\n[[stages]]\nname = "a"\n', ["stages[2].name", "named twice"]),
        (
            GOOD + '[goals.x]\nkpi = "k"\ntarget = "much"\noutcome = "o"\n[[outcomes]]\nname = "o"\ntouchpoint = "t"\n',
            ["goals.x.target", "expected a number", "'much'"],
        ),
        (GOOD + '[goals.x]\nkpi = "k"\ntarget = 1\n', ["goals.x", "needs 'outcome' or 'score'"]),
        (GOOD + '[goals.x]\nkpi = "k"\ntarget = 1\noutcome = "oder"\n', ["goals.x.outcome", "'oder'"]),
        (
            GOOD + '[[touchpoints]]\nmatch = "a"\nname = "order"\n[[outcomes]]\nname = "o"\ntouchpoint = "ordr"\n',
            ["outcomes[1].touchpoint", "Did you mean 'order'?"],
        ),
        (GOOD + '[[outcomes]]\nname = "o"\ntouchpoint = "t"\noccurrence = 0\n', ["occurrence", "at least 1"]),
        (GOOD + "[crosswalk]\nsame_ids = true\n", ["crosswalk", "consent_linkage"]),
        (GOOD + "[crosswalk]\n", ["crosswalk", "give either 'path' or 'same_ids = true'"]),
        (GOOD + '[[codes]]\npath = "a"\nvalence = 7\n', ["codes[1].valence", "at most 1"]),
        (GOOD + "[privacy]\nminimum_cell = 0\n", ["privacy.minimum_cell", "at least 1"]),
        ("[study\n", ["not valid TOML"]),
        ("", ["study", "is missing"]),
    ],
)
def test_every_mistake_says_where_it_is_and_what_is_allowed(tmp_path: Path, text: str, expected: list[str]) -> None:
    message = problems(tmp_path, text)
    for part in expected:
        assert part in message


def test_all_mistakes_are_said_at_once(tmp_path: Path) -> None:
    text = '[study]\nname = "a b"\ntitel = "x"\n[[touchpoints]]\nmatch = "a"\nstage = "nowhere"\n'
    message = problems(tmp_path, text)
    assert len(message.splitlines()) == 4
    for part in ("study.name", "titel", "study.title", "touchpoints[1].stage"):
        assert part in message


def test_a_missing_file_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match="journeylab new"):
        read_config(tmp_path / "study.toml")


def test_a_file_that_is_no_text_is_refused_in_words(tmp_path: Path) -> None:
    (tmp_path / "study.toml").write_bytes(b"\xff\xfe\x00[study]")
    with pytest.raises(StudyError, match="not UTF-8"):
        read_config(tmp_path / "study.toml")


def test_the_committed_studies_are_valid(repository: Path) -> None:
    for file in sorted((repository / "data").glob("*/study.toml")):
        assert read_config(file).study.name == file.parent.name
