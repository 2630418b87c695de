"""Write raw/events.csv and raw/pssuq.csv of this study from the published tables of tasks and of the questionnaire.

`prepare.py FOLDER` reads `FOLDER/qualitative/serdif_GPL3` (or FOLDER itself, where that is the published repository).
"""

from __future__ import annotations

import sys
from pathlib import Path

import pandas as pd

TASKS = {
    "T1": "home text", "T2": "login", "T3": "first query", "T4": "metadata", "T5": "data table", "T6": "plots",
    "T7": "second query", "T8": "export", "T9": "summing up",
}  # fmt: skip
WHO = "Input your participant number as: P + Number (e.g. P1, P42)"


def encoding(file: Path) -> str:
    """Some of the tables are UTF-16, some UTF-8."""
    return "utf-16" if file.read_bytes()[:2] == b"\xff\xfe" else "utf-8-sig"


def table(folder: Path, name: str) -> pd.DataFrame:
    """A table of tasks by people, without its totals."""
    file = folder / f"data/tasks/completion/{name}.csv"
    return pd.read_csv(file, index_col=0, encoding=encoding(file)).drop(columns="Total")


def session(folder: Path, person: str, end: pd.Timestamp, counts: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """One person's tasks as events: each started, was helped so many times, and ended in one of three ways."""
    file = folder / f"data/tasks/time/TimeTask{person}.csv"
    times = pd.read_csv(file, encoding=encoding(file))
    done = pd.to_timedelta("00:" + times["SumTime"].str.strip())
    start = end - done.max()
    begun = start + done.shift(fill_value=pd.Timedelta(0))
    rows = []
    for task, first, last in zip(times["Task"], begun, start + done, strict=True):
        alone, helped = counts["taskSuccess"].loc[task, person], counts["taskSuccessAssistance"].loc[task, person]
        result = "alone" if alone else "with help" if helped else "not done"
        rows.append((person, first, f"{TASKS[task]}: started"))
        # when help was given is not recorded; it stands where the task ends
        rows += [(person, last, f"{TASKS[task]}: helped")] * int(counts["taskAssist"].loc[task, person])
        rows.append((person, last, f"{TASKS[task]}: {result}"))
    return pd.DataFrame(rows, columns=["person", "at", "event"])


def questionnaire(folder: Path) -> pd.DataFrame:
    """One row a person: the scores of the 19 items; the columns of comments between them, all of one name, are left out."""
    frame = pd.read_csv(folder / "data/PSSUQ/scores/SERDIF_PSSUQ_P2.csv")
    items = [name for name in frame if name.partition(".")[0].isdigit()]
    named = frame[items].rename(columns=lambda name: f"Q{name.partition('.')[0]}").astype("Int64")
    times = pd.to_datetime(frame["Timestamp"], format="%m/%d/%Y %H:%M:%S")
    return pd.concat([pd.DataFrame({"person": frame[WHO], "answered_at": times}), named], axis=1)


def main(given: Path) -> None:
    """Write raw/ beside this file."""
    folder = given / "qualitative/serdif_GPL3" if (given / "qualitative/serdif_GPL3").is_dir() else given
    counts = {name: table(folder, name) for name in ("taskSuccess", "taskSuccessAssistance", "taskAssist")}
    answers = questionnaire(folder)
    ends = answers.set_index("person")["answered_at"]
    people = list(counts["taskAssist"])
    events = pd.concat([session(folder, person, ends[person], counts) for person in people], ignore_index=True)
    raw = Path(__file__).parent / "raw"
    raw.mkdir(exist_ok=True)
    events["at"] = events["at"].dt.strftime("%Y-%m-%d %H:%M:%S.%f")
    events.to_csv(raw / "events.csv", index=False)
    answers.to_csv(raw / "pssuq.csv", index=False)
    print(f"{raw}: {len(events)} events and {len(answers)} questionnaires of {len(people)} people")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: prepare.py FOLDER, the folder that holds qualitative/serdif_GPL3")
    main(Path(sys.argv[1]))
