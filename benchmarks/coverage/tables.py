"""The study's tables as they stand in docs/coverage/README.md, between two markers a table."""

import re
from pathlib import Path

import pandas as pd

ESTIMATORS = {
    "matched_clustered": "matched, influence by original firm (ours)",
    "copies_as_rows": "matched, every use of a control a firm",
    "before_after": "participants before and after",
    "unmatched_did": "all never treated, no matching",
    "two_way": "matched, two-way regression",
}
ESTIMANDS = {"plus_two": "two years after the start", "one_to_three": "average of one to three years after"}
YES = {1: "yes", 0: "**no**"}


def coverage_table(summary: pd.DataFrame, estimand: str) -> str:
    """Markdown: a row an estimator, coverages in percent with their exact 99 % intervals."""
    lines = [
        "| estimator | mean estimate | bias | sd | mean se | se / sd | superpopulation: covered, % | holds | drawn firms: covered, % | holds |",
        "|---|--:|--:|--:|--:|--:|--:|---|--:|---|",
    ]
    for row in summary[summary["estimand"] == estimand].to_dict("records"):
        shares = [f"{100 * row[p + 'coverage']:.1f} ({100 * row[p + 'low']:.1f}–{100 * row[p + 'high']:.1f})" for p in ("", "sample_")]
        figures = [f"{row[name]:.2f}" for name in ("mean_estimate", "bias", "sd", "mean_se", "se_ratio")]
        cells = [ESTIMATORS[row["estimator"]], *figures, shares[0], YES[row["holds"]], shares[1], YES[row["sample_holds"]]]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def verdict_table(verdicts: pd.DataFrame) -> str:
    """Markdown: a row a plan, the share of right verdicts and what the others were."""
    lines = ["| planted | right verdict | worlds | right, % | given instead |", "|---|---|--:|--:|---|"]
    for plan, part in verdicts.groupby("plan", sort=False):
        wrong = part.loc[part["verdict"] != part["expected"], "verdict"].value_counts().sort_index()
        instead = ", ".join(f"{verdict} {n}" for verdict, n in wrong.items()) or "–"
        right = 100 * (part["verdict"] == part["expected"]).mean()
        lines.append(f"| {plan} | {part['expected'].iloc[0]} | {len(part)} | {right:.0f} | {instead} |")
    return "\n".join(lines)


def tables(out: Path) -> dict[str, str]:
    """Every table by the name of its marker, from the files in `out`."""
    summary = pd.read_csv(out / "summary.csv")
    found = {estimand: coverage_table(summary, estimand) for estimand in ESTIMANDS}
    return found | {"verdicts": verdict_table(pd.read_csv(out / "verdicts.csv"))} if (out / "verdicts.csv").exists() else found


def fill_in(out: Path) -> None:
    """Replace the tables in README.md, if there is one, by those of the files beside it."""
    file = out / "README.md"
    if file.exists():
        text = file.read_text(encoding="utf-8")
        for name, table in tables(out).items():
            text = re.sub(rf"(<!-- {name} -->\n)[^<]*(<!-- end -->)", lambda found, new=table: f"{found[1]}{new}\n{found[2]}", text)
        file.write_text(text, encoding="utf-8", newline="\n")
