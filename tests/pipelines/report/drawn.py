"""A warehouse, drawn: six types of initiative, one for each thing that can be said of a cost and of an effect."""

from datetime import date, datetime
from pathlib import Path

from pipelines.release import RunFacts, build, released_tables
from tests.pipelines.release.drawn import rows_of, table_of

AS_OF = date(2015, 12, 31)

SUMMARY = """
    initiative_type    att    low    high  percent  percent_low  percent_high  minimum_detectable  n_treated  n_not_estimated  verdict
    food               1.25   0.85   1.65  12.5     8.4          16.6          0.57                1000       29               effect
    tourism            0.05  -0.31   0.41  0.9     -4.7          7.1           0.52                110        1                no_effect
    health_innovation -0.75  -1.25  -0.25  -8.0    -14.0         -2.0          1.12                60         0                effect
    clusters           1.70   1.03   2.36  13.4     7.7          19.7          0.95                139        0                not_comparable
    maritime           -      -      -     -        -            -             -                   0          3                too_early
    training           0.71  -0.11   1.53  9.4     -1.3          22.8          1.17                1          0                too_few_to_tell
"""
JOBS = """
    initiative_type    n_treated  n_not_estimated  gross    deadweight  net      net_low  net_high  cost_per_net_job  cost_low  cost_high  cost_set
    food               1000       29               1864.25  614.25      1250     850      1650      80000             60606.1   117647.1   bounded
    tourism            110        1                29       23.5        5.5      -34.1    45.1      1500000           196729.6  -          unbounded
    health_innovation  60         0                -15      30          -45      -75      -15       -                 -         -          none
    clusters           139        0                435      199         236      143      328       58000             41280     94242      bounded
    training           1          0                1.2      0.5         0.7      -0.1     1.5       900               640       -          unbounded
"""
TOTAL = """
    event_time  n_treated  n_not_estimated  gross    deadweight  net      net_low  net_high  sum_of_types  overlap
    1           1310       33               1000     400         600      500      700       650           50
    2           1310       33               2314.45  867.25      1447.2   1100.5   1793.9    1600          152.8
"""
PERSONS = """
    horizon  headline  att    low     high   counterfactual_mean  n_treated  verdict
    2        false     -0.02  -0.06   0.03   0.55                 398        too_few_to_tell
    4        false     0.013  -0.04   0.06   0.60                 397        too_few_to_tell
    8        true      0.055  0.0027  0.107  0.707                395        effect
"""
EVENT_TIME = """
    event_time  att    low    high  band_low  band_high  n_treated
    -2          -0.03  -0.11  0.06  -0.15     0.09       139
    -1          0      -      -     -         -          139
    0           0.38   0.25   0.50  0.20      0.55       139
    1           0.85   0.45   1.25  0.31      1.39       139
    2           1.68   1.02   2.35  0.77      2.60       139
"""
LINK = """
    indicator     link       position  measure_unit  basis
    participants  activity   1         companies     count
    support_dkk   activity   2         DKK           count
    jobs_1        short_term 3         FTE           net
    turnover_3    long_term  4         DKK           net
"""
RESULT = """
    indicator     link        target     achieved    net        low        high       status
    participants  activity    1094       1029        -          -          -          behind
    support_dkk   activity    114080000  114238000   -          -          -          reached
    jobs_1        short_term  -          1331.5      801.7      667        936.4      not_covered
    turnover_3    long_term   2066000000 3754961000  2507486000 2081834000 2933139000 reached
"""
PLAN = """
    initiative_type  participants  expected_net  low    high   power  minimum_detectable  participants_needed  pooled_projects  verdict       basis
    food             10            12.5          -3.2   28.2   0.43   1.728               25                   3                pool          type
    food             50            62.5          31.4   93.6   0.97   0.78                25                   1                measurable    type
    clusters         10            10.5          -12.7  33.7   0.14   3.2997              110                  11               pool          other_types
    clusters         50            52.6          -15.6  120.8  0.5    1.508               110                  3                pool          other_types
    tourism          10            0             -11.5  11.5   0.05   1.7                 -                    -                unmeasurable  type
    tourism          50            0             -31.2  31.2   0.05   0.78                -                    -                unmeasurable  type
"""
SUPPORT = """
    initiative_type  unit     cohort  n     reason
    food             company  2008    1000  matched
    food             company  2009    29    fewer_than_two_years_before
    food             person   8035    395   matched
"""
QUARANTINE = """
    row  rule
    4    end_before_start
    5    end_before_start
    5    negative_amount
"""


def warehouse(place: Path, synthetic: bool = True, run: str = "run 1", **changed: list[dict]) -> Path:
    """A warehouse with everything drawn above; `changed` replaces rows of tables, named with two underscores."""
    rows = drawn() | {name.replace("__", "."): given for name, given in changed.items()}
    tables = {table.name: table.arrow_schema().empty_table() for table in released_tables()}
    tables |= {name: table_of(name, given) for name, given in rows.items()}
    started = datetime(2026, 1, 2, 3, 4, int(run[-1]))
    facts = RunFacts(run, synthetic, "0.1.0", ("key a",), started, {"threads": 2})
    return build(tables, place, AS_OF, facts).warehouse


def drawn() -> dict[str, list[dict]]:
    """The rows of every table that is not empty."""
    company = {"unit": "company", "outcome": "fte", "n_control": "500"}
    person = {"unit": "person", "outcome": "employed", "n_control": "1945", "n_not_estimated": "0", "initiative_type": "food"}
    summary = [row | company | {"horizon": "2", "headline": "true", "leading": "true"} for row in rows_of(SUMMARY)]
    names = {"name_en": "What happened", "name_da": "Det, der skete"}
    return {
        "effect.summary": summary + [row | person | {"leading": row["headline"]} for row in rows_of(PERSONS)],
        "effect.jobs": [row | {"event_time": "2"} for row in rows_of(JOBS)],
        "effect.total": rows_of(TOTAL),
        "effect.event_time": [
            row | company | {"initiative_type": kind} for kind in ("food", "clusters") for row in rows_of(EVENT_TIME)
        ],
        "effect.support": [row | {"reason": row["reason"].replace("_", " ")} for row in rows_of(SUPPORT)],
        "chain.link": [row | names | {"initiative_type": "food", "source": "register"} for row in rows_of(LINK)],
        "chain.result": [row | {"initiative_type": "food", "as_of": "2015-12-31"} for row in rows_of(RESULT)],
        "chain.plan": [row | {"horizon": "2"} for row in rows_of(PLAN)],
        "participation.delivery": [delivery()],
        "participation.quarantine": [
            row | {"delivery": "first", "kind": "company_participations", "column": "start", "reason": "x", "reason_da": "x"}
            for row in rows_of(QUARANTINE)
        ],
    }


def delivery() -> dict[str, object]:
    counts = {"read": "7537", "accepted": "7535", "quarantined": "2", "current": "7535", "superseded": "0", "withdrawn": "0"}
    return counts | {
        "delivery": "first", "kind": "company_participations", "format": "csv", "key_id": "key a", "status": "taken",
        "received": datetime(2026, 1, 1),
    }
