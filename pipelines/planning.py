"""The command `effekt plan`: what a project that does not exist yet can be expected to give.

Belongs here: words for a person at a terminal. What is told of a plan is computed by `chains` and worded by `report`.
"""

import re
from pathlib import Path
from typing import Annotated

import typer

from pipelines.terminal import AsJson, CommandError, HomeDir, print_result, settings_of


def plan(
    initiative_type: Annotated[str, typer.Option("--type", help="The type of initiative, such as food.", show_default=False)],
    participants: Annotated[int, typer.Option(help="Companies that would take part.", show_default=False)],
    horizon: Annotated[int | None, typer.Option(help="Years after the start, 0 to 5; else the release's headline.")] = None,
    budget: Annotated[float | None, typer.Option(help="DKK.")] = None,
    target: Annotated[float | None, typer.Option(help="Jobs (FTE) to be reached.")] = None,
    target_kind: Annotated[str, typer.Option(help="net or gross: what the target counts.")] = "net",
    size_mix: Annotated[str | None, typer.Option(help="Shares by size band: 2-4=0.6,5-9=0.4.")] = None,
    industry_mix: Annotated[str | None, typer.Option(help="Shares by industry section: C=0.5,J=0.5.")] = None,
    draft: Annotated[Path | None, typer.Option(help="Write a draft of the effect chain with targets there, as CSV.")] = None,
    home: HomeDir = None,
    language: Annotated[str, typer.Option(help="da or en.")] = "da",
    as_json: AsJson = False,
) -> None:
    """Say what a new project can be expected to give, whether it could be measured, and what to collect."""
    from dataclasses import asdict

    from pipelines import chains
    from pipelines.release import WAREHOUSE, current
    from pipelines.report import FILES
    from pipelines.report.findings import in_order
    from pipelines.report.planning import advice, told, told_start

    if language not in FILES:
        raise CommandError(f"a plan is not told in that language: --language takes {' or '.join(FILES)}")
    released = chains.read_released(current(settings_of(home=home).home) / WAREHOUSE)
    found = chains.plan_project(
        released, initiative_type, participants, horizon, budget, target, target_kind, _shares(size_mix), _shares(industry_mix))
    chain, columns = chains.draft_chain(released, found), chains.columns_to_collect()
    if draft:
        draft.write_text(chain.csv(), encoding="utf-8")
    (figures,) = in_order([asdict(found)], language)
    lines = [*told(figures, language), *told_start(columns, chain.left_out, str(draft) if draft else None, language)]
    rows = [dict(zip(("project", "indicator", "target"), row, strict=True)) for row in chain.rows]
    print_result(
        figures | {"advice": advice(figures, language), "draft": rows, "left_out": list(chain.left_out), "collect": columns}, as_json, *lines)


def _shares(mix: str | None) -> dict[str, float] | None:
    """The shares of "2-4=0.6,5-9=0.4"."""
    if mix is None:
        return None
    parts = [re.fullmatch(r"\s*(.+?)\s*=\s*(\d*\.?\d+)\s*", part) for part in mix.split(",")]
    if not all(parts):
        raise CommandError("a mix is written as levels with their shares: --size-mix 2-4=0.6,5-9=0.4")
    return {part[1]: float(part[2]) for part in parts}
