"""What is planted: how large the world is, who takes part in which type, and what that does to them.

`sample_data/README.md` prints it, and says what was fixed before any estimate was seen. Effects are full-time equivalents a firm by
event time.
"""

from dataclasses import dataclass, replace

FIRST_YEAR, LAST_YEAR = 2002, 2015          # FIRM as published, where a scale says nothing else
BURN_IN_FROM = 1996                         # firms are simulated from here, so that ages and momentum have a past
FIRST_COHORT, LAST_COHORT = 2007, 2013
FIRST_JOB_YEAR = 2008                       # BFL begins with e-income
HORIZON = 5                                 # event times 0 … 5
NORTH_JUTLAND, CENTRAL_JUTLAND = "1081", "1082"


@dataclass(frozen=True)
class Oddities:
    """What makes real registers awkward, each to be left out. `sample_data/README.md` says what each one looks like."""

    number_changes: bool = True        # firms: new legal form, merger, split; LONG_DEMO says so
    person_changes: bool = True        # a new PNR replaces an old one
    replacement_numbers: bool = True   # one PNR in BFL for several people, who are in no other register
    unknown_workplaces: bool = True    # 950, UKENDT_KOMKODE and missing
    old_municipalities: bool = True    # FIRM before the reform of 2007 holds the codes of then
    economic_units: bool = True        # from 2019 on some firms belong to a unit that another number heads
    wider_definition: bool = True      # from 2022 on FIRM holds firms that it left out before
    vintages: bool = True              # the last two years of FIRM, preliminary and final
    missing_value_added: bool = True   # in whole industries
    vat_periods: bool = True           # by turnover; else every firm files monthly
    departures: bool = True            # deaths and emigration leave BEF without a mark


PLAIN = Oddities(
    number_changes=False, person_changes=False, replacement_numbers=False, unknown_workplaces=False,
    old_municipalities=False, economic_units=False, wider_definition=False, vintages=False,
)


@dataclass(frozen=True)
class Scale:
    """Size of a world: firms alive in a normal year, the share of the plan's participants that it holds, and its years."""

    firms: int
    share: float
    first_year: int = FIRST_YEAR       # of FIRM as published
    last_year: int = LAST_YEAR
    north: float = 0.45                # share of the firms that lie in North Jutland
    zero: tuple[str, ...] = ()         # types that do nothing here, beside those whose plan says so
    displaces: str | None = None       # the type whose new jobs competitors lose
    displacement: float = 0.0          # so many of them: same industry and commuting area, never taking part
    oddities: Oddities = PLAIN

    @property
    def types(self) -> tuple["TypePlan", ...]:
        """The plan's types, in its order, as they work at this scale."""
        return tuple(plan.without_effect() if plan.code in self.zero else plan for plan in TYPES)


SCALES = {
    "tiny": Scale(firms=2_400, share=0.12),
    "sample": Scale(firms=17_000, share=1.0),
    "region": Scale(
        firms=24_000, share=2.1, first_year=2000, last_year=2018, north=0.85,
        zero=("health_innovation", "clusters"), displaces="food", displacement=0.6,
        oddities=Oddities(),
    ),
}


@dataclass(frozen=True)
class TypePlan:
    """One initiative type: `effect[h]` in FTE at event time h, and how its participants come about."""

    code: str
    operator: str
    companies: int
    sections: str                    # industry sections that the type addresses
    size: float                      # log FTE at which participation is likeliest
    cohorts: tuple[int, ...]
    effect: tuple[float, ...]        # FTE a firm at event times 0 … 5
    exit_factor: float = 1.0         # exit hazard of participants after the start year, relative to their own without
    productivity: float = 0.0        # lasting change of turnover per FTE from event time 1
    trend: float = 0.0               # unobserved: FTE a year by which participants outgrow others, before and after
    support_dkk: int = 120_000       # mean public support a participation
    persons: int = 0
    projects: int = 3

    def without_effect(self) -> "TypePlan":
        """The same type, which does nothing to anyone."""
        return replace(self, effect=(0.0,) * len(self.effect), exit_factor=1.0, productivity=0.0)


ALL_COHORTS = tuple(range(FIRST_COHORT, LAST_COHORT + 1))
TYPES = (
    TypePlan("growth_programme", "nordvaekst", 1000, "CFGHIJMN", 2.0, ALL_COHORTS, (0.3, 0.8, 1.1, 1.2, 1.2, 1.2),
             exit_factor=0.8, productivity=0.02, support_dkk=110_000, projects=8),
    TypePlan("production_sme", "nordvaekst", 280, "C", 2.4, (2009, 2010, 2011, 2012, 2013),
             (0.4, 1.0, 1.6, 1.8, 1.9, 2.0), productivity=0.03, support_dkk=170_000, projects=4),
    TypePlan("maritime", "havklynge", 170, "CH", 2.2, (2007, 2008, 2010, 2012), (0.3, 0.9, 1.4, 1.6, 1.6, 1.6),
             support_dkk=150_000, persons=400),
    TypePlan("food", "havklynge", 150, "ACI", 2.1, (2008, 2009, 2011, 2013), (0.2, 0.7, 1.2, 1.4, 1.5, 1.5),
             support_dkk=120_000, persons=400),
    TypePlan("digital_creative", "digitalhub", 150, "JM", 1.9, (2008, 2010, 2011, 2012), (0.5, 1.4, 1.8, 1.4, 1.0, 0.6),
             exit_factor=0.8, productivity=0.04, support_dkk=140_000),
    TypePlan("sustainable_energy", "energiforum", 140, "CFM", 2.2, (2009, 2010, 2012), (0.2, 0.9, 1.5, 1.8, 2.0, 2.1),
             productivity=0.03, support_dkk=220_000),
    TypePlan("health_innovation", "energiforum", 60, "CMQ", 1.9, (2009, 2011), (0.1, 0.2, 0.3, 0.3, 0.3, 0.3),
             support_dkk=200_000, projects=2),
    TypePlan("green_business", "energiforum", 130, "CFG", 2.2, (2010, 2011, 2013), (0.2, 0.6, 1.1, 1.3, 1.4, 1.4),
             support_dkk=130_000),
    TypePlan("clusters", "digitalhub", 140, "CJM", 2.1, (2008, 2010, 2012), (0.1, 0.3, 0.6, 0.7, 0.8, 0.8),
             trend=0.6, support_dkk=90_000),
    TypePlan("training", "kompetencehus", 70, "CFGHIJMNQ", 1.8, (2009, 2011), (0.0, 0.2, 0.4, 0.4, 0.4, 0.3),
             support_dkk=60_000, persons=2200, projects=4),
    TypePlan("tourism", "havklynge", 110, "INR", 1.7, (2008, 2009, 2011, 2012), (0.0,) * 6, support_dkk=80_000),
)
LATER_SHARE = 0.15                   # of first participants who later join another type as well

OPERATORS = ("nordvaekst", "havklynge", "digitalhub", "energiforum", "kompetencehus")
