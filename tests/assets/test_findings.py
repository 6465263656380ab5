"""What the UI shows of a type is its verdict in words, its figures and its pictures; nothing of a unit, nothing stored."""

import base64
import re
from pathlib import Path

import dagster as dg
import pandas as pd
import pytest

from assets import checks, findings
from assets.failures import StepError
from assets.findings import TABLES, comparison_metadata, finding, type_metadata
from assets.tables import table_asset
from schemas.contract import codes, load
from tests.assets.drawn import CANARY, room, run

PSEUDONYM = "abcdefghijklmnop" * 2
FIRMS = {"initiative_type": "food", "unit": "company", "outcome": "fte"}
PERSONS = {"initiative_type": "food", "unit": "person", "outcome": "employed"}
FIGURES = {"se": 0.16, "low": 0.79, "high": 1.43}
MANY = {"n_treated": 150, "n_control": 613}
ROWS = {
    "summary": [
        FIRMS | FIGURES | MANY | {
            "horizon": 2, "headline": True, "leading": True, "att": 1.1113, "n_not_estimated": 1, "verdict": "effect",
            "minimum_detectable": 0.4612, "reason": "The 95 % interval excludes zero.", "counterfactual_mean": 7.73,
        },
        FIRMS | FIGURES | MANY | {
            "outcome": "turnover", "horizon": 2, "headline": True, "leading": False, "att": 1_776_193.0, "n_not_estimated": 1,
            "verdict": "too_few_to_tell", "low": -10_000.0, "high": 3_500_000.0,
        },
        PERSONS | {
            "horizon": 8, "headline": True, "leading": True, "n_treated": 0, "n_control": 0, "n_not_estimated": 400,
            "verdict": "too_early", "reason": "No cohort has been observed at this horizon.",
        },
    ],
    "event_time": [
        FIRMS | MANY | {"event_time": -1, "att": 0.0},
        FIRMS | FIGURES | MANY | {"event_time": 2, "att": 1.1113, "band_low": 0.6, "band_high": 1.6},
        FIRMS | FIGURES | MANY | {"outcome": "turnover", "event_time": 2, "att": 1_776_193.0},
    ],
    "balance": [
        {"initiative_type": "food", "unit": unit, "covariate": covariate, "smd_before": 0.5, "smd_after": 0.02}
        for unit, covariate in (("company", "log_fte"), ("company", "growth"), ("person", "age"))
    ],
    "sensitivity": [
        FIRMS | {"check": "pretrend", "horizon": 2, "statistic": 3.4567, "p_value": 0.0004, "power": 0.8, "description": "Joint | test."},
    ],
    "subgroup": [
        FIRMS | FIGURES | {"dimension": "region", "level": "1081", "att": 1.2, "n_treated": 120, "event_time": 2},
        FIRMS | {"dimension": "project", "level": "FP-1", "n_treated": 4, "reason": "fewer than 10 treated units"},
        PERSONS | {"dimension": "cohort", "level": "8037", "n_treated": 80, "att": 0.021, "low": -0.01, "high": 0.052},
    ],
    "support": [
        {"initiative_type": "food", "unit": "company", "cohort": 2010, "reason": "matched", "n": 90},
        {"initiative_type": "food", "unit": "company", "cohort": 2011, "reason": "matched", "n": 60},
        {"initiative_type": "food", "unit": "company", "cohort": 2011, "reason": "not in the register", "n": 2},
        {"initiative_type": "tourism", "unit": "company", "cohort": 2011, "reason": "not in the register", "n": 3},
    ],
}
COMPARED = [
    FIRMS | FIGURES | {"initiative_type": kind, "horizon": 2, "att": att, "n_treated": 150, "verdict": verdict, **others}
    for kind, att, verdict, others in (
        ("tourism", 0.9, "effect", {"p_value": 0.0004, "shrunken": 1.0, "rank_low": 2, "rank_high": 2, "may_be_best": False}),
        ("clusters", 1.7, "not_comparable", {}),
        ("food", 1.1, "effect", {"p_value": 0.01, "shrunken": 1.0, "rank_low": 1, "rank_high": 2, "may_be_best": True}),
    )
]
STORED = tuple(f"effect.{name}" for name in (*TABLES, "comparison"))
PICTURES = ("Companies: balance before and after matching", "Companies: effect by time since the start")


def described(name: str, rows: list[dict]) -> pd.DataFrame:
    """The rows as a frame with every column of the contract."""
    contract = load(f"effect.{name}")
    return contract.conform(pd.DataFrame(rows, columns=[column.name for column in contract.columns])).to_pandas()


def effects(kind: str = "food", **changed: list[dict]) -> dict[str, pd.DataFrame]:
    """The effect tables' rows of one type."""
    made = {name: described(name, changed.get(name, ROWS[name])) for name in TABLES}
    return {name: table[table["initiative_type"] == kind] for name, table in made.items()}


@pytest.fixture(scope="module")
def told() -> dict[str, object]:
    return texts(type_metadata("food", effects()))


def texts(metadata: dict) -> dict[str, object]:
    """The values of metadata, with spaces that break as well as those that do not."""
    plain = {name: value.value for name, value in metadata.items()}
    return {name: value.replace("\N{NO-BREAK SPACE}", " ") if isinstance(value, str) else value for name, value in plain.items()}


def picture(text: str) -> bytes:
    return base64.b64decode(re.fullmatch(r"!\[[^\]]+\]\(data:image/png;base64,([A-Za-z0-9+/=]+)\)", text)[1], validate=True)


def cells(table: str) -> list[list[str]]:
    """The rows of a Markdown table, without its heads."""
    rows = [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in table.splitlines()]
    assert len({len(row) for row in rows}) == 1
    return rows[2:]


def test_a_type_shows_its_verdict_in_words_and_its_figures(told):
    assert told["Companies: verdict"] == "Effect"
    assert told["Companies: what the verdict means"] == (
        "The interval excludes zero: the support made a difference that chance alone does not explain. The 95 % interval excludes zero.")
    assert told["Companies: result"] == "Employment, 2 years after the start: 1.11 FTE, 95 % interval 0.79 to 1.43"
    assert (told["Companies: treated"], told["Companies: controls"]) == (150, 613)
    assert (told["Companies: effect (FTE)"], told["Companies: minimum detectable effect (FTE)"]) == (1.111, 0.461)


def test_a_type_shows_both_its_pictures_as_small_png(told):
    drawn = [picture(told[name]) for name in PICTURES]
    assert all(png[:8] == b"\x89PNG\r\n\x1a\n" and len(png) < 60_000 for png in drawn)
    assert drawn[0] != drawn[1]


def test_a_result_that_cannot_be_estimated_yet_is_told_in_words_and_not_as_a_number(told):
    assert told["Persons: verdict"] == "Too early"
    assert told["Persons: result"] == "In employment, 8 quarters after the start: no estimate yet"
    assert not [name for name in told if name.startswith("Persons: effect (")]


def test_there_is_no_picture_where_there_are_no_rows(told):
    assert "Persons: balance before and after matching" in told
    assert "Persons: effect by time since the start" not in told
    bare = type_metadata("food", effects(balance=[], event_time=[]))
    assert not [value for value in bare.values() if "data:image" in str(value.value)]


@pytest.mark.parametrize(
    ("kind", "sentence"),
    [
        ("tourism", "No estimate: of 3 companies that took part, 0 were matched."),
        ("clusters", "No estimate: no companies took part first in this type."),
    ],
)
def test_a_type_without_an_estimate_says_so_in_words(kind, sentence):
    told = type_metadata(kind, effects(kind))
    assert told["Companies: verdict"].value == sentence
    assert not [value for value in told.values() if "data:image" in str(value.value)]
    assert not [name for name in told if name.startswith("Persons")]


def test_the_tables_hold_every_row_in_the_readers_words_and_units(told):
    (leading, other) = cells(told["Companies: summary"])
    assert leading[:5] == ["**Employment**", "**FTE**", "**2**", "**1.11**", "**0.79 to 1.43**"]
    assert other[:5] == ["Turnover", "DKK 1,000", "2", "1,776", "−10 to 3,500"]
    assert cells(told["Companies: sensitivity"]) == [
        ["Joint test before the start", "Employment, 2 years after the start", "–", "–", "3.46", "< 0.001", "0.80", "–", "Joint \\| test."],
    ]
    assert [row[:3] + row[-1:] for row in cells(told["Companies: subgroups"])] == [
        ["region", "North Denmark Region", "Employment, 2 years after the start", ""],
        ["project", "FP-1", "Employment, average from the start on", "fewer than 10 treated units"],
    ]
    assert cells(told["Persons: subgroups"])[0][:6] == [
        "cohort", "2009, quarter 2", "In employment, average from the start on", "percentage points", "2.1", "−1.0 to 5.2",
    ]
    assert cells(told["Companies: support"]) == [["matched", "150", "98.7"], ["not in the register", "2", "1.3"]]


def test_all_types_stand_beside_each_other_in_a_forest_and_a_table():
    told = texts(comparison_metadata(described("comparison", COMPARED)))
    assert list(told) == ["Companies: effect on Employment", "Companies: comparison"]
    assert picture(told["Companies: effect on Employment"])[:4] == b"\x89PNG"
    rows = cells(told["Companies: comparison"])
    assert [(row[1], row[7], row[12], row[13]) for row in rows] == [
        ("Clusters and networks", "–", "–", "–"), ("Fishery, aquaculture and food", "0.010", "1 to 2", "yes"),
        ("Tourism and experience economy", "< 0.001", "2", "no"),
    ]
    (nothing,) = comparison_metadata(described("comparison", [])).values()
    assert nothing.value == "No type has been estimated, so there is nothing to compare."


def test_no_pseudonym_appears_even_if_a_table_brings_one(told):
    brought = {name: table.assign(unit_id=PSEUDONYM, company=PSEUDONYM) for name, table in effects(balance=[], event_time=[]).items()}
    compared = comparison_metadata(described("comparison", COMPARED).assign(unit_id=PSEUDONYM))
    shown = [*told.items(), *texts(type_metadata("food", brought)).items(), *texts(compared).items()]
    assert len(shown) > 30
    assert not [name for name, value in shown if re.search(r"[a-p]{32}", f"{name} {value}")]


def materialised(home: Path, *assets: dg.AssetsDefinition) -> dg.ExecuteInProcessResult:
    """A run of these findings behind an asset that makes the drawn tables."""

    @table_asset(*STORED, group="effects")
    def drawn() -> dict[str, pd.DataFrame]:
        return {f"effect.{name}": described(name, rows) for name, rows in {**ROWS, "comparison": COMPARED}.items()}

    return run(room(home, drawn, *assets, checks=[]))


def test_a_run_shows_findings_and_stores_nothing_and_has_no_contract_to_check(tmp_path):
    made = finding("food"), findings.all_types
    assert checks.contract_checks(made) == []
    result = materialised(tmp_path, *made)
    assert result.success
    shown = {event.asset_key.to_user_string(): event.materialization.metadata for event in result.get_asset_materialization_events()}
    assert {name for name in shown if name.startswith("finding")} == {"finding/food", "finding/all_types"}
    assert set(PICTURES) <= set(shown["finding/food"])
    assert {file.name for file in (tmp_path / "store").iterdir()} == set(STORED)


def test_a_failure_is_told_without_a_value(tmp_path, monkeypatch):
    def fail(*_: object) -> None:
        raise KeyError(CANARY)

    monkeypatch.setattr(findings, "type_metadata", fail)
    result = materialised(tmp_path, finding("food"))
    assert not result.success
    assert CANARY not in repr(result.all_events)
    assert StepError.__name__ in repr(result.all_events)


def test_every_type_of_the_code_table_has_its_finding_described_by_its_aim():
    described_by = {asset.key.path[-1]: asset.descriptions_by_key[asset.key] for asset in findings.findings}
    listed = codes("initiative_types").to_pylist()
    assert described_by == {row["initiative_type"]: f"{row['name_en']}. {row['aim_en']}" for row in listed}
    assert {asset.key.path[0] for asset in [*findings.findings, findings.all_types]} == {"finding"}
    loaded = {asset.key for asset in dg.load_assets_from_modules([findings])}
    assert loaded == {asset.key for asset in [*findings.findings, findings.all_types]}
