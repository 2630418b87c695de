"""A study: its study.toml, and its validated tables, read when they are first asked for."""

from __future__ import annotations

import dataclasses
import os
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import pandas as pd

from journeylab import locales
from journeylab.config import Config, CrosswalkSource, TableSource
from journeylab.errors import DataError, JourneylabError, StudyError, did_you_mean, listing
from journeylab.identity import Activity, activity
from journeylab.linking import REFUSED, usable
from journeylab.naming import complete_codebook, name_touchpoints, tally_touchpoints, touchpoint_table
from journeylab.paths import is_dir, is_file, too_long
from journeylab.patterns import matcher
from journeylab.privacy import spoken_by
from journeylab.progress import over, working
from journeylab.sources import Events, Gathered, Named, gather_events, read_source, spread_events, tally_events
from journeylab.study_toml import read_config
from journeylab.using import Used, use_events

if TYPE_CHECKING:
    from journeylab.journeys import Journeys
    from journeylab.journeys.in_engine import InEngine
    from journeylab.journeys.prepare import Recipe
    from journeylab.readers import CodedStudy
    from journeylab.tables import ImportReport

Frame: TypeAlias = "pd.DataFrame"

ZONED = ("tabular", "sql", "maxqda", "atlasti", "dedoose", "nvivo", "taguette_tables", "qualcoder", "rqda", "qualtrics")
"""Formats whose times may stand without a zone: they are then in that of the study."""


class Study:
    r"""What one study.toml opens: tables, stages, touchpoints, goals; people who withdrew are gone from all of it.

    Attributes
    ----------
    config : Config
        The validated study.toml.
    folder : Path
        Where the study.toml lies.
    events, customers, participants, documents, codes, segments, codings, asked, responses, crosswalk, \
screener, assignments, changes
        The contract tables; None where the study has no such source.
    part : bool
        Whether this is only a part of a study's customers, see `journeylab.journeymap.among`.
    reports : dict of str to ImportReport
        What was read, kept and dropped, a source; asking for it reads every source.
    """

    def __init__(self, path: Path, data_dir: Path | None = None) -> None:
        self.path = path
        self.folder = path.parent
        self.config: Config = read_config(path)
        locales.use("" if os.environ.get(locales.PLAINLY) else self.config.study.locale)
        declared = self.config.study.data_dir
        self.data_dir = data_dir or (self.folder / declared if declared else self.folder)
        self._reports: dict[str, ImportReport] = {}
        self.part = False

    def __repr__(self) -> str:
        """One line, for a notebook cell."""
        sources = listing(self.sources) or "no source"
        return f"Study '{self.name}' ({self.title}): {sources}"

    def _repr_html_(self) -> str:
        """Show what was read, and what is missing, in JupyterLab; reads the sources."""
        from journeylab.look import at_study

        return at_study(self)

    # What the study.toml says

    @property
    def name(self) -> str:
        """The short name, which is also the report folder."""
        return self.config.study.name

    @property
    def title(self) -> str:
        """The title for readers."""
        return self.config.study.title

    @property
    def stages(self) -> list[str]:
        """The stages of the journey, in order."""
        return self.config.stage_names

    @property
    def sources(self) -> list[str]:
        """The kinds of source that this study has."""
        kinds = ["events", "interviews", "surveys", "customers", "crosswalk", "assignments", "changes"]
        return [kind for kind in kinds if getattr(self.config, kind)]

    @property
    def minimum_cell(self) -> int:
        """The smallest cell that a public report shows."""
        return self.config.privacy.minimum_cell

    @property
    def outcome(self) -> str | None:
        """The touchpoint of the main outcome, or None."""
        return self.config.outcomes[0].touchpoint if self.config.outcomes else None

    @cached_property
    def files(self) -> dict[str, Path]:
        """Every file that the study reads, by the key that names it."""
        found = {}
        for position, source in enumerate(self.config.events):
            if source.path is not None:
                found[source.source or f"events[{position + 1}]"] = self.locate(source.path)
        for kind in ("customers", "crosswalk", "screener", "assignments", "changes"):
            source = getattr(self.config, kind)
            if source is not None and source.path is not None:
                found[kind] = self.locate(source.path)
        for name, survey in self.config.surveys.items():
            found[f"surveys.{name}"] = self.locate(survey.path)
        if self.config.interviews is not None:
            found["interviews"] = self.locate(self.config.interviews.path)
            for part in ("documents", "codebook", "participants", "asked"):
                source = getattr(self.config.interviews, part)
                if source is not None:
                    found[f"interviews.{part}"] = self.locate(source.path)
        if self.config.journey_map.edits is not None:
            found["journey_map.edits"] = self.locate(self.config.journey_map.edits)
        return found

    def locate(self, path: str) -> Path:
        """Find a source's file, or the folder that it is: under the data folder, or under the study's own folder.

        Returns
        -------
        Path
            The first that exists; else the path under the data folder, for the reader to complain about.
        """
        here = Path(path)
        places = [self.data_dir / here, self.data_dir / here.name, self.data_dir.parent / here, self.folder / here]
        if wrong := too_long(places[0]):
            raise StudyError(f"{self.path}: {wrong}.")
        there = [place for place in places if is_file(place)] or [place for place in places if is_dir(place)]
        return there[0] if there else places[0]

    # What customers did

    @cached_property
    def sourced(self) -> list[Events]:
        """Each source of events: where its events lie, and the report of its import."""
        found: list[Events] = []
        problems: list[JourneylabError] = []
        for position, source in enumerate(over(self.config.events, "Reading events")):
            name = source.source or (f"events {position + 1}" if len(self.config.events) > 1 else "events")
            path = None if source.path is None else self.locate(source.path)
            try:
                found.append(read_source(source, path, name, self._options(source, name)))
            except StudyError as error:
                problems.append(StudyError(f"{self.path}: events[{position + 1}]: {error}"))
            except DataError as error:
                problems.append(error)
            else:
                self._reports[name] = _with_repeats(found[-1].report, self.config.study.drop_repeats)
        if problems:
            raise type(problems[0])("\n".join(map(str, problems)))
        return found

    @cached_property
    def recipe(self) -> Recipe:
        """What is done to the events before journeys are built."""
        from journeylab.journeys.prepare import LeaveOut, Recipe

        settings, rules = self.config.study, self.config.touchpoints
        return Recipe(
            trim=any(not source.sound for source in self.sourced),
            stitch=settings.stitch and any(source.identified for source in self.sourced),
            leave_out=[
                LeaveOut(rule.reason, rule.column, matcher(rule.match), rule.whole_customer)
                for rule in self.config.leave_out
            ],
            repeats=settings.drop_repeats,
            gone=frozenset(self.withdrawn_customers),
            name=lambda raw: name_touchpoints(raw, rules),
        )

    @cached_property
    def recorded(self) -> Frame | None:
        """All events as they were read: touchpoints named, with stage and channel, sorted by customer and time."""
        return None if not self.config.events else self._prepared.events

    @cached_property
    def _prepared(self) -> Gathered:
        parts = [source.part for source in self.sourced]
        with working("Preparing events"):
            return gather_events(parts, self.recipe, self.config.study.engine)

    @property
    def unmatched(self) -> Frame:
        """Raw names that no rule of [[touchpoints]] matches, with their counts: touchpoint, n; most frequent first."""
        return self._names.unmatched

    @cached_property
    def _names(self) -> Named:
        parts = [source.part for source in self.sourced]
        with working("Counting events"):
            return tally_events(parts, self.recipe, self.config.study.engine)

    @cached_property
    def events(self) -> Frame | None:
        """The recorded events that the study uses: within its days, without robots where study.toml says so."""
        return None if self.recorded is None else self._used.events

    @property
    def left_out(self) -> Frame:
        """Recorded events that the study does not use: reason, n (events), customers."""
        if not self.config.events:
            return pd.DataFrame(columns=["reason", "n", "customers"])
        if self._uses_all:
            return self._names.left_out
        parts = [part for part in (self._prepared.left_out, self._used.left_out) if len(part)]
        return pd.concat(parts, ignore_index=True) if parts else self._used.left_out

    @property
    def stitching(self) -> str | None:
        """What was done to visitor ids, in a sentence; None where nothing was."""
        return self._names.stitching if self.config.events else None

    @cached_property
    def _used(self) -> Used:
        return use_events(self.recorded, self.config.study)

    @property
    def activity(self) -> Activity:
        """How the events that the study uses are spread over customers, see `journeylab.identity`."""
        if not self._uses_all:
            return activity(self._used.events["customer_id"].value_counts())
        return spread_events([source.part for source in self.sourced], self.recipe, self.config.study.engine)

    @property
    def _uses_all(self) -> bool:
        """Whether every prepared event is used."""
        settings = self.config.study
        return (
            not self.part and settings.first_day is None and settings.last_day is None and not settings.leave_out_robots
        )

    @cached_property
    def customers(self) -> Frame | None:
        """What was known of each customer before the journey."""
        frame = self._table("customers", self.config.customers)
        return None if frame is None else _without(frame, "customer_id", self.withdrawn_customers)

    def attribute(self, name: str) -> pd.Series:
        """One value a customer, from the table of customers, or else from the customer's first event that has one.

        Returns
        -------
        Series
            Index customer_id; customers without a value are not in it.

        Raises
        ------
        StudyError
            When neither table has such a column.
        """
        if self.customers is not None and name in self.customers:
            found = self.customers.set_index("customer_id")[name]
        elif self.events is not None and name in self.events:
            found = self.events.dropna(subset=[name]).groupby("customer_id", sort=True)[name].first()
        else:
            tables = [table for table in (self.customers, self.events) if table is not None]
            known = sorted({column for table in tables for column in table} - {"customer_id", "event_time"})
            raise StudyError(
                f"{self.path}: neither customers nor events have a column '{name}'; there are {listing(known, 20)}."
                + did_you_mean(name, known)
            )
        return found.dropna()

    @cached_property
    def assignments(self) -> Frame | None:
        """Who was put into which arm of which randomised test."""
        frame = self._table("assignments", self.config.assignments)
        return None if frame is None else _without(frame, "customer_id", self.withdrawn_customers)

    @cached_property
    def changes(self) -> Frame | None:
        """What was changed on the journey, and when."""
        return self._table("changes", self.config.changes)

    @cached_property
    def responses(self) -> Frame | None:
        """Survey answers, one row an item."""
        from journeylab.readers import read_survey

        if not self.config.surveys:
            return None
        parts = []
        for name, source in self.config.surveys.items():
            options = self._options(source, f"surveys.{name}")
            if source.format == "tabular" or source.items:
                options["instrument"] = source.instrument or name
            frame, self._reports[f"surveys.{name}"] = read_survey(self.locate(source.path), **options)
            parts.append(frame)
        responses = pd.concat(parts, ignore_index=True)
        if "stage" not in responses and "touchpoint" in responses:
            stage_of = {rule.name: rule.stage for rule in self.config.touchpoints if rule.name}
            responses["stage"] = responses["touchpoint"].map(stage_of)
        return _without(responses, "respondent_id", self.withdrawn_customers)

    # What customers said

    @cached_property
    def coded(self) -> CodedStudy | None:
        """Documents, codes, segments, codings and participants of the interviews or coded texts."""
        from journeylab.readers import read_codings
        from journeylab.readers.codings.tabular import UNUSED

        source = self.config.interviews
        if source is None:
            return None
        options = self._options(source, "interviews")
        for part in ("documents", "codebook", "participants", "asked"):
            inner: TableSource | None = options.pop(part, None)
            if inner is not None:
                options[part] = {**self._options(inner, None), "path": self.locate(inner.path)}
        said = options.pop("format")
        format_ = said if "format" in source.model_fields_set else None  # the reader tells by the file
        coded = read_codings(self.locate(source.path), format=format_, **options)
        for report in coded.reports:
            notes = tuple(note for note in report.notes if not (self.config.codes and UNUSED in note))
            self._reports[report.source] = dataclasses.replace(report, notes=notes)
        return dataclasses.replace(
            coded, codes=complete_codebook(coded.codes, self.config.codes, self.stages, self.path)
        )

    @cached_property
    def documents(self) -> Frame | None:
        """Interviews, reviews or notes, with the participant of each."""
        return None if self.coded is None else self._keep(self.coded.documents)

    @cached_property
    def participants(self) -> Frame | None:
        """The people who were asked."""
        if self.coded is None or self.coded.participants is None or self.coded.participants.empty:
            return None
        return _without(self.coded.participants, "participant_id", self.withdrawn_participants)

    @cached_property
    def codes(self) -> Frame | None:
        """The codebook, with stage, touchpoint and valence."""
        return None if self.coded is None else self.coded.codes

    @cached_property
    def segments(self) -> Frame | None:
        """The passages that carry codes."""
        return None if self.coded is None else self._keep(self.coded.segments)

    @property
    def quotable(self) -> Frame | None:
        """The passages in which no interviewer speaks, see ``[privacy] interviewers``."""
        if self.segments is None or "text" not in self.segments:
            return self.segments
        return self.segments[~spoken_by(self.segments["text"], self.config.privacy.interviewers)]

    @cached_property
    def codings(self) -> Frame | None:
        """Who put which code on which segment; with the segment's document_id."""
        if self.coded is None or self.segments is None:
            return None
        codings = self.coded.codings
        kept = codings[codings["segment_id"].isin(self.segments["segment_id"])]
        if "document_id" not in kept:
            kept = kept.merge(self.segments[["segment_id", "document_id"]], on="segment_id")
        return kept.reset_index(drop=True)

    @cached_property
    def asked(self) -> Frame | None:
        """Which stages the interview guide raised, an interview; None where nobody wrote it down."""
        asked = None if self.coded is None else getattr(self.coded, "asked", None)
        return None if asked is None or asked.empty else self._keep(asked)

    # Who is who

    @cached_property
    def crosswalk(self) -> Frame | None:
        """Which participant is which customer, with consent; without those who withdrew."""
        whole = self._whole_crosswalk
        return None if whole is None else _without(whole, "participant_id", self.withdrawn_participants)

    @cached_property
    def links(self) -> Frame | None:
        """The rows of the crosswalk that link a person's words to a trace, see `journeylab.linking.usable`."""
        return None if self.crosswalk is None else usable(self.crosswalk)[0]

    @cached_property
    def refused_links(self) -> Frame:
        """The rows of the crosswalk that are not used: participant_id, customer_id, reason."""
        return pd.DataFrame(columns=REFUSED) if self.crosswalk is None else usable(self.crosswalk)[1]

    @cached_property
    def screener(self) -> Frame | None:
        """Answers that customers and interviewed people gave to the same questions, one row a respondent."""
        frame = self._table("screener", self.config.screener)
        return None if frame is None else _without(frame, "respondent_id", self._withdrawn)

    @property
    def _withdrawn(self) -> set[str]:
        return self.withdrawn_customers | self.withdrawn_participants

    @cached_property
    def measures(self) -> dict[str, tuple[set[str], int]]:
        """What is counted a person: by name, the touchpoints, and whether more is good (1), bad (-1) or neither (0).

        Those of [[measures]]; where there are none, unplanned touchpoints (*trouble*) and each outcome.
        """
        known = self.touchpoints
        if self.config.measures:
            signs = {True: 1, False: -1, None: 0}
            return {
                rule.name: (
                    set(known.loc[matcher(rule.match)(known["touchpoint"]), "touchpoint"]),
                    signs[rule.higher_is_better],
                )
                for rule in self.config.measures
            }
        trouble = set(known.loc[~known["planned"].astype(bool), "touchpoint"])
        found = {"trouble": (trouble, -1)} if trouble else {}
        for outcome in self.config.outcomes:
            if all(touchpoints != {outcome.touchpoint} for touchpoints, _ in found.values()):
                found[outcome.name] = ({outcome.touchpoint}, 1)
        return found

    @cached_property
    def withdrawn_participants(self) -> set[str]:
        """Participants who took back their consent."""
        whole = self._whole_crosswalk
        if whole is None or "withdrawn_at" not in whole:
            return set()
        return set(whole.loc[whole["withdrawn_at"].notna(), "participant_id"])

    @property
    def withdrawals(self) -> Frame:
        """Who took back their consent, and when: participant_id, withdrawn_at, row (of the crosswalk's table, headings first)."""
        whole = self._whole_crosswalk
        if whole is None or "withdrawn_at" not in whole:
            return pd.DataFrame({"participant_id": [], "withdrawn_at": pd.to_datetime([], utc=True), "row": []})
        gone = whole[whole["withdrawn_at"].notna()]
        return gone[["participant_id", "withdrawn_at"]].assign(row=gone.index + 2).reset_index(drop=True)

    @cached_property
    def withdrawn_customers(self) -> set[str]:
        """The customers behind the participants who withdrew; their traces are not used either."""
        whole = self._whole_crosswalk
        if whole is None:
            return set()
        return set(whole.loc[whole["participant_id"].isin(self.withdrawn_participants), "customer_id"].dropna())

    @cached_property
    def _whole_crosswalk(self) -> Frame | None:
        source = self.config.crosswalk
        if source is None:
            return None
        if not source.same_ids:
            whole = self._table("crosswalk", source)
            if whole is not None and "consent_quotes" in whole:  # whoever once said no is not quoted
                agreed = whole["consent_quotes"].groupby(whole["participant_id"]).transform("all")
                whole = whole.assign(consent_quotes=agreed.astype(whole["consent_quotes"].dtype))
            return whole
        if self.coded is None:
            return None
        documents = self.coded.documents
        people = documents["participant_id"].dropna().unique() if "participant_id" in documents else []
        return pd.DataFrame(
            {
                "participant_id": pd.Series(people, dtype="str"),
                "customer_id": pd.Series(people, dtype="str"),
                "link_method": "same id",
                "consent_linkage": source.consent_linkage,
                "consent_quotes": source.consent_quotes,
            }
        )

    # Journeys, and what was read

    def journeys(self, by: str = "customer", **options: Any) -> Journeys:
        """Build the journeys of this study, see `journeylab.journeys.build`.

        Raises
        ------
        StudyError
            When the study has no events.
        """
        from journeylab import journeys

        where = self.in_engine(by)
        options = {"by": by, "gap": where.gap, "engine": where.engine, "recipe": where.recipe, **options}
        return journeys.build(where.events, **options)

    def in_engine(self, by: str = "customer") -> InEngine:
        """Leave the events of this study where they are, to be counted there; see `journeylab.journeys.in_engine`.

        Raises
        ------
        StudyError
            When the study has no events.
        """
        from journeylab.journeys.in_engine import InEngine

        if not self.config.events:
            raise StudyError(f"{self.path}: has no [events] source, so there are no journeys.")
        settings = self.config.study
        if not self._uses_all:
            return InEngine(self.events, by, settings.session_gap, settings.engine)
        parts = [source.part for source in self.sourced]
        return InEngine(parts, by, settings.session_gap, settings.engine, self.recipe)

    @property
    def reports(self) -> dict[str, ImportReport]:
        """The import report of every source; reads what was not read yet."""
        for name in ("sourced", "customers", "coded", "responses", "crosswalk", "screener", "assignments", "changes"):
            getattr(self, name)
        return dict(self._reports)

    def has(self, *tables: str) -> bool:
        """Say whether the study has all these tables, with rows in them."""
        if "events" in tables and self.config.events and self._uses_all:
            tables = tuple(name for name in tables if name != "events" or not self.sourced)
        return all((frame := getattr(self, name)) is not None and len(frame) > 0 for name in tables)

    # Helpers

    def _table(self, kind: str, source: TableSource | CrosswalkSource | None) -> Frame | None:
        from journeylab.readers import read_table

        if source is None or source.path is None:
            return None
        frame, report = read_table(self.locate(source.path), kind, **self._options(source, kind))
        self._reports[kind] = report
        return frame

    def _options(self, source: Any, name: str | None) -> dict[str, Any]:
        """The options of a source that were said, with the study's time zone, for its reader."""
        options = {key: getattr(source, key) for key in source.model_fields_set if key != "path"}
        for key in ("same_ids", "consent_linkage", "consent_quotes", "units"):
            options.pop(key, None)
        if options.get("format", "tabular") in ZONED:
            options.setdefault("timezone", self.config.study.timezone)
        if options.get("instruments"):
            options["instruments"] = {
                name: said.model_dump(exclude_none=True) for name, said in options["instruments"].items()
            }
        if options.get("touchpoints"):
            options["touchpoints"] = [item.model_dump(exclude_none=True) for item in options["touchpoints"]]
        if name is not None:
            options["source"] = name
            options.setdefault("format", "tabular")
        else:
            options.pop("format", None)
        return options

    def _keep(self, frame: Frame) -> Frame:
        """Without the documents of people who withdrew."""
        assert self.coded is not None
        if "participant_id" in frame:
            return _without(frame, "participant_id", self.withdrawn_participants)
        documents = self.coded.documents
        if "participant_id" not in documents or not self.withdrawn_participants:
            return frame
        gone = documents.loc[documents["participant_id"].isin(self.withdrawn_participants), "document_id"]
        return _without(frame, "document_id", set(gone))

    @cached_property
    def touchpoints(self) -> Frame:
        """One row a touchpoint on the journey, in stage order; see `journeylab.naming.touchpoint_table`."""
        if not self.config.events:
            tally = None
        elif self._uses_all:
            tally = self._names.tally
        else:
            tally = tally_touchpoints(self.events)
        return touchpoint_table(tally, self.config.touchpoints, self.stages)

    @property
    def stage_of(self) -> dict[str, str]:
        """The stage of each touchpoint that has one."""
        known = self.touchpoints.dropna(subset=["stage"])
        return dict(zip(known["touchpoint"], known["stage"], strict=True))

    @property
    def document_order(self) -> list[str]:
        """The documents in the order they were collected, or as they stand in the file."""
        documents = self.documents
        if documents is None:
            return []
        if "collected_at" in documents and documents["collected_at"].notna().any():
            documents = documents.sort_values("collected_at", kind="stable")
        return list(documents["document_id"])


def _with_repeats(report: ImportReport, dropped: bool) -> ImportReport:
    """A report that does not call repeated rows kept where the study drops them later on."""
    from journeylab.readers.columns import REPEATS_STAY

    if not dropped:
        return report
    later = "are read; of those with the same customer, time and touchpoint drop_repeats leaves out all but the first"
    return dataclasses.replace(report, notes=tuple(note.replace(REPEATS_STAY, later) for note in report.notes))


def _without(frame: Frame, column: str, gone: set[str]) -> Frame:
    """The rows whose id is not among those gone."""
    if not gone or column not in frame:
        return frame
    return frame[~frame[column].isin(gone)].reset_index(drop=True)
