# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # What a release says, and how to ask it more
#
# For analysts. This notebook reads the current release and changes nothing: it finds the warehouse, looks up what its
# tables mean, shows the headline, draws one effect, checks that the figures add up, and ends with a tabulation of your own.
#
# Open it as a notebook with Jupytext (or `jupytext --to ipynb notebooks/effects.py`), or run the cells in an editor.

# %%
import os
from pathlib import Path

import altair as alt
import duckdb
import pandas as pd

alt.renderers.enable("svg")  # drawn here, without anything from the network
pd.set_option("display.max_colwidth", 120)
pd.set_option("display.width", 160)

# %% [markdown]
# ## The release
#
# Everything lies under `EFFEKT_HOME` (without it, `var` here or in the directory above). `releases/current` always points at a whole
# release; a new one is a new directory, so an open connection keeps reading the old one.

# %%
home = Path(os.environ.get("EFFEKT_HOME") or "var")
places = [place / "releases" / "current" / "warehouse.duckdb" for place in (home, Path("..") / home)]
warehouse = next((place for place in places if place.is_file()), None)
if warehouse is None:
    raise SystemExit(f"there is no release in {home}: make one with `make run`, or set EFFEKT_HOME")
con = duckdb.connect(str(warehouse), read_only=True)
con.sql("SELECT as_of, synthetic, version FROM meta.run").df()

# %% [markdown]
# ## What lies in it
#
# Every table and every column carries its description as a SQL comment; `docs/dictionary.md` has the same text.

# %%
con.sql("""
    SELECT schema_name || '.' || table_name AS "table", estimated_size AS "rows", comment AS meaning
    FROM duckdb_tables() ORDER BY ALL""").df()

# %%
con.sql("""
    SELECT column_name AS "column", data_type AS type, comment AS meaning
    FROM duckdb_columns() WHERE schema_name = 'effect' AND table_name = 'summary' ORDER BY column_index""").df()

# %% [markdown]
# ## The headline
#
# Effects on employment (FTE a company) at the horizon that the report leads with. Read `verdict` before `att`: *too few to
# tell* is not *no effect*, and a number that is *not comparable* should not be quoted.

# %%
headline = con.sql("""
    SELECT s.initiative_type, s.horizon, j.n_treated, s.att, s.low, s.high, s.percent, j.gross, j.deadweight, j.net,
           j.net_low, j.net_high, j.cost_low, j.cost_high, j.cost_set, s.verdict, s.reason
    FROM effect.summary s JOIN effect.jobs j ON j.initiative_type = s.initiative_type AND j.event_time = s.horizon
    WHERE s.headline AND s.unit = 'company' AND s.outcome = 'fte' ORDER BY s.initiative_type""").df()
headline.round(2)

# %% [markdown]
# ## One effect, year by year
#
# Before the start (event time below −1) the estimates should lie around zero: participants and controls then moved alike.
# The thin line is the pointwise 95 % interval, the wide one the band that holds for all years at once.

# %%
kind = headline.sort_values(["n_treated", "initiative_type"]).initiative_type.iloc[-1]  # the type with most companies
effect = con.execute("""
    SELECT event_time, att, low, high, band_low, band_high FROM effect.event_time
    WHERE initiative_type = $kind AND unit = 'company' AND outcome = 'fte' ORDER BY event_time""", {"kind": kind}).df()
base = alt.Chart(effect, title=f"{kind}: effect on employment").encode(x=alt.X("event_time:O", title="years since the start"))
band = base.mark_rule(strokeWidth=12, color="#dcebec").encode(y=alt.Y("band_low:Q", title="FTE a company"), y2="band_high:Q")
pointwise = base.mark_rule(strokeWidth=2, color="#0b5f6a").encode(y="low:Q", y2="high:Q")
points = base.mark_point(filled=True, size=50, color="#0b5f6a").encode(y="att:Q")
zero = alt.Chart(pd.DataFrame({"zero": [0]})).mark_rule(color="#4a555c").encode(y="zero:Q")
(band + pointwise + zero + points).properties(width=480, height=240)

# %% [markdown]
# ## The figures add up
#
# Gross minus deadweight is net, in every row where it could be estimated. Every row that an operator sent was accepted or is in quarantine with
# a reason, and every accepted row is current, superseded or withdrawn.

# %%
jobs = con.sql("SELECT gross, deadweight, net FROM effect.jobs WHERE net IS NOT NULL").df()
assert ((jobs.gross - jobs.deadweight - jobs.net).abs() < 1e-6).all()

account = con.sql("""
    SELECT kind, count(*) AS deliveries, sum("read")::BIGINT AS "read", sum(accepted)::BIGINT AS accepted,
           sum(quarantined)::BIGINT AS quarantined, sum(current)::BIGINT AS current,
           sum(superseded)::BIGINT AS superseded, sum(withdrawn)::BIGINT AS withdrawn
    FROM participation.delivery GROUP BY kind ORDER BY kind""").df()
assert (account["read"] == account.accepted + account.quarantined).all()
assert (account.accepted == account.current + account.superseded + account.withdrawn).all()
account.set_index("kind")

# %%
con.sql("SELECT rule, reason, count(*) AS findings FROM participation.quarantine GROUP BY ALL ORDER BY findings DESC, rule").df()

# %% [markdown]
# ## A tabulation of your own
#
# The panel has one row a company and year, the cohorts one row a company with its first type and year. Joined on the pseudonym (at most
# one cohort to a company), they tell what participants looked like around their start. These are averages, not effects: nobody is compared.
# Keep groups of at least five, and never print a pseudonym; what leaves the secure warehouse has rules of its own.

# %%
SMALLEST = 5
own = con.execute("""
    SELECT c.initiative_type, p.year - c.cohort AS event_time, count(*) AS companies, avg(p.fte)::DOUBLE AS mean_fte,
           avg(p.alive::INTEGER) AS share_alive
    FROM panel.firm_year p JOIN panel.company_cohort c USING (company)
    WHERE p.year - c.cohort BETWEEN -2 AND 3
    GROUP BY ALL HAVING count(*) >= $smallest ORDER BY ALL""", {"smallest": SMALLEST}).df()
own.pivot(index="initiative_type", columns="event_time", values="mean_fte").round(1)

# %%
con.close()
