"""Participations drawn by hand: when a unit began, in which type, with how much support, how often in all."""

import pyarrow as pa
import pytest

from pipelines.panel import company_cohort, entry, person_cohort
from schemas.contract import load
from tests.pipelines.panel.drawn import cells, drawn, written

PROJECTS = """
project initiative operator region fund start      end
G1      grow-NJ    north    1081   erdf 2007-01-01 2013-12-31
G2      grow-MJ    north    1082   erdf 2007-01-01 2013-12-31
F1      food-NJ    harbour  1081   esf  2007-01-01 2013-12-31
"""
COMPANIES = """
company project start      initiative_type  initiative operator support_dkk
a       F1      2011-05-01 food             food-NJ    harbour  7000.00
a       G1      2009-12-31 growth_programme grow-NJ    north    1000.00
a       G2      2012-01-01 growth_programme grow-MJ    north    300.00
b       G2      2010-06-01 growth_programme grow-MJ    north    10.00
b       F1      2010-06-01 food             food-NJ    harbour  20.00
c       G2      2011-01-01 growth_programme grow-MJ    north    .
c       G1      2011-01-01 growth_programme grow-NJ    north    100.00
d       F1      2008-02-29 food             food-NJ    harbour  .
"""
PERSONS = """
person project start      initiative_type  initiative operator
p      G1      2010-01-01 growth_programme grow-NJ    north
q      G1      2010-03-31 growth_programme grow-NJ    north
r      G1      2010-04-01 growth_programme grow-NJ    north
s      F1      2010-12-31 food             food-NJ    harbour
s      G1      2011-01-01 growth_programme grow-NJ    north
t      G1      2010-07-15 growth_programme grow-NJ    north
t      F1      2010-07-15 food             food-NJ    harbour
"""


@pytest.fixture(scope="module")
def companies(con, prices) -> pa.Table:
    found = company_cohort(drawn("participation.company", COMPANIES), drawn("participation.project", PROJECTS), prices)
    return load("panel.company_cohort").conform(con.to_pyarrow(found))


@pytest.fixture(scope="module")
def persons(con) -> pa.Table:
    found = person_cohort(drawn("participation.person", PERSONS), drawn("participation.project", PROJECTS))
    return load("panel.person_cohort").conform(con.to_pyarrow(found))


def test_a_company_belongs_to_its_first_participation_in_any_type_and_ties_go_to_the_lower_project(companies):
    columns = "company initiative_type cohort start project initiative operator region fund"
    assert written(companies, columns) == cells("""
        company initiative_type cohort start project initiative operator region fund
        a growth_programme 2009 2009-12-31 G1 grow-NJ north   1081 erdf
        b food             2010 2010-06-01 F1 food-NJ harbour 1081 esf
        c growth_programme 2011 2011-01-01 G1 grow-NJ north   1081 erdf
        d food             2008 2008-02-29 F1 food-NJ harbour 1081 esf
    """)


def test_support_is_summed_within_the_first_type_each_at_its_own_year_and_participations_over_all_types(companies):
    """a: 1000 at index 62.5 is 1600, 300 at index 200 is 150; the 7000 of another type do not count. c: 100 at 125."""
    assert written(companies, "company support_dkk participations") == cells("""
        company support_dkk participations
        a 1750.00 3
        b 20.00   2
        c 80.00   2
        d 0.00    1
    """)


def test_a_person_belongs_to_the_quarter_of_the_first_start(persons):
    """2010 × 4 = 8040 is the first quarter of 2010; March belongs to it, April to the next, December to 8043."""
    assert written(persons, "person cohort initiative_type start project participations region") == cells("""
        person cohort initiative_type start project participations region
        p 8040 growth_programme 2010-01-01 G1 1 1081
        q 8040 growth_programme 2010-03-31 G1 1 1081
        r 8041 growth_programme 2010-04-01 G1 1 1081
        s 8043 food             2010-12-31 F1 2 1081
        t 8042 food             2010-07-15 F1 2 1081
    """)


def test_entries_are_first_participations_by_type_in_their_order(con):
    table = entry(drawn("participation.company", COMPANIES), drawn("participation.person", PERSONS))
    found = load("panel.entry").conform(con.to_pyarrow(table))
    assert written(found, "unit unit_id position initiative_type cohort start project") == cells("""
        unit unit_id position initiative_type cohort start project
        company a 1 growth_programme 2009 2009-12-31 G1
        company a 2 food             2011 2011-05-01 F1
        company b 1 food             2010 2010-06-01 F1
        company b 2 growth_programme 2010 2010-06-01 G2
        company c 1 growth_programme 2011 2011-01-01 G1
        company d 1 food             2008 2008-02-29 F1
        person  p 1 growth_programme 8040 2010-01-01 G1
        person  q 1 growth_programme 8040 2010-03-31 G1
        person  r 1 growth_programme 8041 2010-04-01 G1
        person  s 1 food             8043 2010-12-31 F1
        person  s 2 growth_programme 8044 2011-01-01 G1
        person  t 1 food             8042 2010-07-15 F1
        person  t 2 growth_programme 8042 2010-07-15 G1
    """)
