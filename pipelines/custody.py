"""The commands of whoever keeps a home: new keys, everything under them, and persons and companies taken out.

Belongs here: words for a person at a terminal. Everything is done by `participations`.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipelines.terminal import AsJson, HomeDir, KeysDir, keys_of, print_result, require_home, say, settings_of

if TYPE_CHECKING:
    from pipelines.settings import Settings

Withdrawn = Annotated[Path, typer.Argument(help="One CVR or CPR number a line.", show_default=False)]


def keys_rotate(
    keys: KeysDir = None,
    to: Annotated[Path | None, typer.Option("--to", help="Where the new keys go; else beside the old, ending in .new.")] = None,
    home: HomeDir = None,
    as_json: AsJson = False,
) -> None:
    """Draw new keys, and make the table from old pseudonyms to new ones. Real CPR numbers take some minutes."""
    from pipelines.participations import rotate

    settings = settings_of(keys=keys, home=home)
    require_home(settings)
    to = to or settings.keys.with_name(f"{settings.keys.name}.new")
    made = rotate(settings.keys, to, settings.home)
    told = {"keys": str(to), "company": made.keys.company_id, "person": made.keys.person_id}
    told |= {"drawn": made.drawn, "translated": made.translated, "missing": made.missing}
    lines = [
        f"{'new keys in' if made.drawn else 'the keys stay in'} {to}: keep a copy in a safe place",
        f"{made.translated} pseudonyms are in the table beside them",
        f"then: effekt rekey --keys {settings.keys} --to {to}",
    ]
    if made.missing:
        lines[2] = f"{made.missing} pseudonyms belong to no number under the old keys: `effekt rekey` waits until they are gone"
    print_result(told, as_json, *lines)
    raise typer.Exit(1 if made.missing else 0)


def rekey(
    to: Annotated[Path, typer.Option("--to", help="Where `effekt keys rotate` put the new keys.", show_default=False)],
    keys: KeysDir = None,
    home: HomeDir = None,
    as_json: AsJson = False,
) -> None:
    """Replace every old pseudonym in deliveries and register extracts by the new one; all or none."""
    from pipelines.identity import load_keys
    from pipelines.participations import rekey as apply_table
    from pipelines.participations import table_in

    settings = settings_of(keys=keys, home=home)
    require_home(settings)
    new = load_keys(to, settings.home)
    done = apply_table(settings.home, old=keys_of(settings), new=new, table=table_in(to))
    print_result(
        done.as_dict() | {"keys": str(to), "company": new.company_id, "person": new.person_id},
        as_json,
        f"{done.pseudonyms} pseudonyms replaced in {done.deliveries} deliveries and {done.extracts} register extracts",
        f"from now on name the new keys: --keys {to}, or EFFEKT_KEYS={to}",
        f"{done.releases} releases still hold old pseudonyms; the next `effekt run` makes one with the new",
    )


def revisions(
    before: Annotated[str, typer.Argument(help="A release, by the name of its directory.", show_default=False)],
    after: Annotated[str, typer.Argument(help="A later one.")] = "current",
    home: HomeDir = None,
    as_json: AsJson = False,
) -> None:
    """Say which figures a release tells otherwise than one before, and which extracts behind them differ."""
    from pipelines.release import revisions as compare

    settings = settings_of(home=home)
    found = compare(settings.home, before, after, memory_limit=settings.memory_limit, threads=settings.threads)
    told = {
        "compared": found.compared,
        "revisions": [vars(one) for one in found.revisions],
        "extracts": [dict(zip(("register", "period", "before", "after"), one, strict=True)) for one in found.extracts],
    }
    lines = [f"{register} {period}: {one or 'not read'} → {other or 'not read'}" for register, period, one, other in found.extracts]
    lines += [f"{one.table} {one.key}: {one.column} {_shown(one.before)} → {_shown(one.after)}" for one in found.revisions]
    lines.append(f"{len(found.revisions)} of {found.compared} figures differ, {len(found.extracts)} extracts")
    print_result(told, as_json, *lines)


def _shown(value: float | str | None) -> str:
    if value is None:
        return "missing"
    return f"{value:,.6g}" if isinstance(value, float) else str(value)


def withdraw(file: Withdrawn, keys: KeysDir = None, home: HomeDir = None, as_json: AsJson = False) -> None:
    """Take persons and companies out of the home for good: deliveries, register extracts, store and the next release."""
    from pipelines.participations import withdraw as take_out

    settings = settings_of(keys=keys, home=home)
    require_home(settings)
    done = take_out(file, keys=keys_of(settings), home=settings.home, synthetic=settings.synthetic)
    lines = [
        f"{done.persons} persons and {done.companies} companies withdrawn: {done.rows} rows of {done.deliveries} deliveries, "
        f"{done.extract_rows} rows of {done.extracts} register extracts",
    ]
    if done.releases_removed:
        lines.append(f"{done.releases_removed} older releases held them and were removed")
    if done.releases_waiting:
        lines.append("the current release holds them until `effekt run` has made the next one, and is removed then")
    print_result(done.as_dict(), as_json, *lines)


def keep_withdrawn_out(settings: "Settings") -> None:
    """Extracts that came since somebody was withdrawn lose them before the run reads them."""
    from pipelines.participations import withdraw_from_new_extracts

    done = withdraw_from_new_extracts(settings.home, keys=settings.keys)
    if done and done.extract_rows:
        say(f"{done.extract_rows} rows of {done.extracts} new register extracts were about units withdrawn before")


def remove_what_waited(settings: "Settings") -> None:
    """A release that holds somebody who was withdrawn goes once another is the current one."""
    from pipelines.participations import remove_waiting

    removed = remove_waiting(settings.home)
    if removed:
        say(f"{removed} earlier releases held somebody who was withdrawn and were removed")
