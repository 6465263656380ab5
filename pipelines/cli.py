"""The command `effekt`: one function a command, which finds the settings, calls a stage and prints what it returns.

Belongs here: words for a person at a terminal, JSON for a program. Nothing is computed; all else is imported late.
"""

import json
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Iterable
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipelines import custody, planning
from pipelines.terminal import AsJson, CommandError, HomeDir, KeysDir
from pipelines.terminal import keys_of as _keys
from pipelines.terminal import print_result as _print
from pipelines.terminal import say as _say
from pipelines.terminal import settings_of as _settings

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from pipelines.identity import Keys
    from pipelines.participations import Receipt
    from pipelines.settings import Settings

SAMPLE = Path(__file__).parents[1] / "sample_data"
ROOMS = ("pipelines", "schemas")  # whose error messages hold names and counts only

app = typer.Typer(
    name="effekt",
    help="What business promotion achieved: operators' files in, a published effect for every type of initiative out.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
keys_app = typer.Typer(help="The secret keys that pseudonyms are made with.", no_args_is_help=True)
app.add_typer(keys_app, name="keys")
keys_app.command("rotate")(custody.keys_rotate)
app.command()(custody.rekey)
app.command()(custody.withdraw)
app.command()(custody.revisions)
app.command()(planning.plan)

File = Annotated[Path, typer.Argument(help="A raw file as an operator sends it.", show_default=False)]
Kind = Annotated[str, typer.Option("--as", help="What the file holds, such as company_participations.", metavar="KIND")]
Language = Annotated[str, typer.Option(help="da or en.")]


def main() -> None:
    """Run a command. Every failure is one sentence on standard error and exit code 1, never a traceback."""
    try:
        app()
    except KeyboardInterrupt:
        _say("interrupted")
        sys.exit(130)
    except Exception as error:
        ours = isinstance(error, CommandError) or type(error).__module__.split(".")[0] in ROOMS
        _say(str(error) if ours else _unexpected(error))
        sys.exit(1)


@keys_app.command("new")
def keys_new(keys: KeysDir = None, as_json: AsJson = False) -> None:
    """Draw a key for companies and one for persons, readable by you alone."""
    from pipelines.identity import new_keys

    settings = _settings(keys=keys)
    made = new_keys(settings.keys)
    told = {"keys": str(settings.keys), "company": made.company_id, "person": made.person_id}
    _print(told, as_json, f"new keys in {settings.keys}: keep a copy in a safe place")


@app.command()
def check(file: File, kind: Kind, home: HomeDir = None, language: Language = "da", as_json: AsJson = False) -> None:
    """Say what would be refused or quarantined, by row and rule, and how to mend it; store nothing. Exit 1 if anything."""
    from pipelines.participations import check as check_file
    from pipelines.participations.wording import explained, refusal, report
    from schemas.contract import load

    settings, language = _settings(home=home), _known_language(language)
    with _waiting(file):
        receipt = check_file(file, _known_kind(kind), synthetic=_is_synthetic(settings), home=settings.home)
    found = {name: explained(table, language) for name, table in (("findings", receipt.findings), ("waiting", receipt.waiting)) if table}
    told = receipt.as_dict() | {"findings": [], "waiting": []} | found
    if receipt.reason:
        told["reason_da"] = refusal(receipt.reason, "da", load(f"deliveries.{kind}"))
    _print(told, as_json, *report(receipt, language))
    raise typer.Exit(1 if receipt.quarantined or receipt.status == "refused" else 0)


@app.command()
def template(
    kind: Annotated[str, typer.Argument(help="What it is for, such as company_participations.", show_default=False)],
    to: Annotated[Path | None, typer.Option(help="Where it is written (KIND.xlsx).", show_default=False)] = None,
    language: Language = "da",
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a file that is there.")] = False,
    as_json: AsJson = False,
) -> None:
    """Write an Excel template to fill in: columns, what they mean, codes to choose from."""
    from pipelines.participations.template import write_template

    language = _known_language(language)
    written = write_template(_known_kind(kind), to or Path(f"{kind}.xlsx"), language, overwrite)
    told = {"template": str(written), "kind": kind, "language": language}
    _print(told, as_json, f"{written}: fill in its first sheet, then try it with `effekt check FILE --as {kind}`")


@app.command()
def pseudonymise(
    file: File, kind: Kind, keys: KeysDir = None, home: HomeDir = None, as_json: AsJson = False
) -> None:
    """Take a raw file into the home, every CVR and CPR number replaced by a pseudonym; print the receipt."""
    settings = _settings(keys=keys, home=home)
    with _waiting(file):
        receipt = _take(file, _known_kind(kind), _keys(settings), settings, settings.synthetic)
    rules = [f"  {rule}: {count} rows" for rule, count in receipt.by_rule.items()]
    rules += [f"  warning: {rule}: {count} rows wait until it is delivered" for rule, count in receipt.warnings.items()]
    _print(receipt.as_dict(), as_json, _told(receipt), *rules)
    raise typer.Exit(1 if receipt.status == "refused" else 0)


@app.command()
def world(
    scale: Annotated[str, typer.Option(help="tiny, sample or denmark.")] = "sample",
    seed: Annotated[int | None, typer.Option(help="The same seed makes the same world.")] = None,
    deliveries: Annotated[Path | None, typer.Option(help="Where raw deliveries go; never inside the home.")] = None,
    only: Annotated[str | None, typer.Option(help="For denmark: files to make, such as BFL2010,BEF.")] = None,
    keys: KeysDir = None,
    home: HomeDir = None,
    as_json: AsJson = False,
) -> None:
    """Make a synthetic Denmark with planted effects: register extracts, raw deliveries and the truth."""
    settings = _settings(keys=keys, home=home)
    if deliveries and deliveries.resolve().is_relative_to(settings.home.resolve()):
        raise CommandError("raw deliveries never lie inside the home: name another directory with --deliveries")
    made = _make_world(scale, seed, _keys(settings), settings, deliveries, only)
    told = {"home": str(settings.home), "scale": scale, "deliveries": [str(path) for path in made if deliveries]}
    where = f", {len(made)} raw deliveries in {deliveries}" if deliveries else ""
    _print(told, as_json, f"a world of scale {scale}: registers in {settings.home / 'registers'}{where}")


@app.command()
def run(
    sample: Annotated[bool, typer.Option("--sample", help="Make what is missing from the sample, then run.")] = False,
    as_of: Annotated[str | None, typer.Option(help="YYYY-MM-DD; else the last date in the data.")] = None,
    keys: KeysDir = None,
    home: HomeDir = None,
    as_json: AsJson = False,
) -> None:
    """Run the nightly job from the deliveries and registers in the home to a new release, and print its result."""
    settings = _settings(keys=keys, home=home, as_of=as_of)
    if sample:
        _make_what_is_missing(settings)
    _require_everything(settings)
    custody.keep_withdrawn_out(settings)
    summary = _run_nightly(settings)
    if not summary.get("success"):
        _print({"run": summary}, as_json)
        raise typer.Exit(1)
    custody.remove_what_waited(settings)
    _show_result(settings.home, as_json, summary)


@app.command()
def verify(home: HomeDir = None, as_json: AsJson = False) -> None:
    """Check hashes, accounting and contracts of the current release. Exit 1 if anything is off."""
    from pipelines.release import current
    from pipelines.release import verify as verify_release

    settings = _settings(home=home)
    found = verify_release(settings.home, settings.memory_limit, settings.threads)
    release = current(settings.home).name
    lines = [f"{one.where}: {one.rule}: {one.detail}" for one in found] or [f"release {release} is sound"]
    _print({"release": release, "findings": [vars(one) for one in found]}, as_json, *lines)
    raise typer.Exit(1 if found else 0)


@app.command()
def report(
    home: HomeDir = None,
    language: Language = "da",
    as_json: AsJson = False,
) -> None:
    """Say where the page of the current release lies."""
    from pipelines.release import current
    from pipelines.report import FILES

    if language not in FILES:
        raise CommandError(f"the page is not written in that language: --language takes {' or '.join(FILES)}")
    settings = _settings(home=home)
    release = current(settings.home)
    if not (release / "report" / FILES[language]).is_file():
        raise CommandError(f"the release {release.name} has no page in that language")
    page = settings.home / "releases" / "current" / "report" / FILES[language]
    _print({"report": str(page)}, as_json, str(page))


def _known_kind(kind: str) -> str:
    kinds = _kinds()
    if kind not in kinds:
        raise CommandError(f"no delivery is of that kind: --as takes one of {', '.join(kinds)}")
    return kind


def _known_language(language: str) -> str:
    if language not in ("da", "en"):
        raise CommandError("that language is not spoken here: --language takes da or en")
    return language


def _kinds() -> list[str]:
    from schemas.contract import contracts

    return [contract.name.partition(".")[2] for contract in contracts("deliveries")]


def _is_synthetic(settings: "Settings") -> bool:
    """What was said, or what an existing home remembers; asking makes no home."""
    from pipelines.participations import open_home

    if not (settings.home / "home.json").is_file():
        return bool(settings.synthetic)
    return open_home(settings.home, settings.synthetic).synthetic


def _waiting(file: Path) -> "AbstractContextManager":
    """On a terminal, how long a file that takes more than a moment has been read; elsewhere nothing."""
    if not sys.stderr.isatty():
        return nullcontext()
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    progress = Progress(*columns, console=Console(stderr=True), transient=True)
    size = file.stat().st_size / 2**20 if file.is_file() else 0.0
    progress.add_task(f"reading {size:,.1f} MB", total=None)
    return progress


def _take(file: Path, kind: str, keys: "Keys", settings: "Settings", synthetic: bool | None) -> "Receipt":
    from pipelines.participations import pseudonymise as take

    return take(file, kind, keys=keys, home=settings.home, synthetic=synthetic)


def _told(receipt: "Receipt") -> str:
    """The receipt in one line."""
    if receipt.status == "refused":
        return f"refused: {receipt.reason}"
    counts = f"{receipt.read} rows read = {receipt.accepted} accepted + {receipt.quarantined} quarantined"
    return f"{receipt.status}: {counts}" + (f" (delivery {receipt.delivery})" if receipt.delivery else "")


def _make_world(
    scale: str, seed: int | None, keys: "Keys", settings: "Settings", deliveries: Path | None,
    only: str | None = None,
) -> list[Path]:
    """A world in the home, which is then synthetic; without a directory, its raw deliveries are thrown away."""
    from pipelines.identity import pseudonyms
    from pipelines.participations import open_home
    from pipelines.world import DEFAULT_SEED, make_world

    if settings.synthetic is False:
        raise CommandError("EFFEKT_SYNTHETIC=0 asks for real numbers, and a synthetic world has none")
    open_home(settings.home, True)
    with tempfile.TemporaryDirectory() as thrown_away:
        return make_world(
            scale=scale,
            seed=DEFAULT_SEED if seed is None else seed,
            home=settings.home,
            deliveries=deliveries or Path(thrown_away),
            pseudonym_of=lambda domain, numbers: pseudonyms(getattr(keys, domain), numbers),
            key_ids={"company": keys.company_id, "person": keys.person_id},
            only=only,
        )


def _make_what_is_missing(settings: "Settings") -> None:
    """Keys, registers and deliveries of the sample. A delivery that is there already is noted as a repeat."""
    if not settings.keys.is_dir():
        from pipelines.identity import new_keys

        new_keys(settings.keys)
        _say(f"new keys in {settings.keys}")
    keys = _keys(settings)
    made_before = (settings.home / "world" / "truth.parquet").is_file()  # the last file that a world writes
    if not made_before or _missing_registers(settings.home):
        _make_world("sample", None, keys, settings, None)
        _say(f"synthetic registers in {settings.home / 'registers'}")
    receipts = [_take(file, kind, keys, settings, True) for file, kind in _sample_files()]
    refused = sorted({receipt.reason for receipt in receipts if receipt.status == "refused"})
    if refused:
        raise CommandError(f"the sample was not taken: {'; '.join(refused)}")
    _say(f"{len(receipts)} sample deliveries: {sum(one.accepted for one in receipts)} rows accepted, "
         f"{sum(one.quarantined for one in receipts)} quarantined")


def _sample_files() -> Iterable[tuple[Path, str]]:
    """Every sample file `<operator>_<KIND>_<period>.<ending>` with its kind."""
    for file in sorted(SAMPLE.iterdir()) if SAMPLE.is_dir() else ():
        for kind in _kinds():
            if f"_{kind}_" in file.name:
                yield file, kind


def _require_everything(settings: "Settings") -> None:
    """Raise for the first thing a run needs that is not there or not as its contract says, before anything is written."""
    from pipelines.participations import open_home
    from pipelines.registers import check_extracts

    _keys(settings)
    _is_synthetic(settings)
    deliveries = settings.home / "deliveries"
    if not deliveries.is_dir() or not any(deliveries.iterdir()):
        raise CommandError(f"no delivery lies in {settings.home}: take one with `effekt pseudonymise FILE --as KIND`")
    missing = _missing_registers(settings.home)
    if missing:
        registers = settings.home / "registers"
        raise CommandError(
            f"the register {missing[0]} is not in {registers}: copy its extracts there as {missing[0]}<year>.parquet, "
            "or make a synthetic Denmark with `effekt world --scale sample`"
        )
    check_extracts(settings.home / "registers", settings.as_of, open_home(settings.home, settings.synthetic).key_ids)


def _missing_registers(home: Path) -> list[str]:
    from pipelines.registers import REGISTERS, has_extracts

    return [name for name in REGISTERS if not has_extracts(home / "registers", name)]


def _run_nightly(settings: "Settings") -> dict[str, object]:
    """Run the nightly job in a process of its own, whose progress goes to standard error; its summary."""
    command = [sys.executable, "-m", "assets.nightly", "--json"]
    command += ["--home", str(settings.home), "--keys", str(settings.keys)]
    if settings.as_of:
        command += ["--as-of", settings.as_of.isoformat()]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    return json.loads(done.stdout or "{}")


def _show_result(home: Path, as_json: bool, summary: dict[str, object]) -> None:
    from pipelines.release import WAREHOUSE, current
    from pipelines.report.table import printed, result_rows

    rows = result_rows(current(home) / WAREHOUSE)
    release = home / "releases" / "current"
    page = release / "report" / "index.html"
    where = ["", f"report      {page}"] if page.is_file() else [""]
    where += [f"warehouse   {release / WAREHOUSE}", "audit       effekt verify", "the run     make ui"]
    _print({"run": summary, "results": rows}, as_json, printed(rows), *where)


def _unexpected(error: Exception) -> str:
    """An error of someone else's making may quote a value: only its kind and the line that met it are told."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if Path(frame.filename).is_relative_to(Path(__file__).parent)]
    place = f" at {Path(ours[-1].filename).name} line {ours[-1].lineno}" if ours else ""
    return f"unexpected {type(error).__name__}{place}; please report it"


if __name__ == "__main__":
    main()
