"""Displacement is what untreated competitors lose where, and after, participants came."""

import numpy as np
import pandas as pd
import pytest

from pipelines.chains import measure_displacement

AREAS = [f"area{i:02d}" for i in range(24)]


def drawn(lost_per_participant: float, seed: int = 7) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Ten untreated firms a cell, in two sections and 24 areas; in every other area two firms take part in 2010."""
    rng = np.random.default_rng(seed)
    rows, cohorts = [], []
    for section in "CJ":
        for number, area in enumerate(AREAS):
            hit = number % 2 == 0 and section == "C"
            names = [f"{section}{area}{i}" for i in range(12)]
            if hit:
                cohorts += [{"company": name, "initiative_type": "food", "cohort": 2010} for name in names[10:]]
            for name in names:
                noise = rng.normal(0, 0.02, 11).cumsum()
                for step, year in enumerate(range(2004, 2015)):
                    loss = lost_per_participant * 2 / 10 if hit and year >= 2012 and name in names[:10] else 0.0
                    rows.append((name, year, True, 8 + noise[step] - loss, section, area))
    return pd.DataFrame(rows, columns=["company", "year", "alive", "fte", "section", "commuting_area"]), pd.DataFrame(cohorts)


def test_a_planted_loss_at_competitors_is_found_at_its_size():
    row = measure_displacement(*drawn(lost_per_participant=0.8)).iloc[0]
    assert row["estimate"] == pytest.approx(0.8, abs=0.15)
    assert row["verdict"] == "found"
    assert row["placebo_low"] < 0 < row["placebo_high"]


def test_nothing_is_found_where_competitors_lose_nothing():
    row = measure_displacement(*drawn(lost_per_participant=0.0)).iloc[0]
    assert row["low"] < 0 < row["high"]
    assert row["verdict"] == "not_found"


def test_a_type_in_a_single_cell_is_too_few_to_tell():
    panel, cohorts = drawn(lost_per_participant=0.8)
    panel = panel[panel["commuting_area"] == AREAS[0]]
    row = measure_displacement(panel, cohorts[cohorts["company"].str.contains(AREAS[0])]).iloc[0]
    assert row["verdict"] == "too_few_to_tell"
    assert np.isnan(row["estimate"])
