"""What every command of the terminal shares: its options, the settings, and how a result or a sentence is printed.

Belongs here: nothing that only one command needs.
"""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from pipelines.identity import Keys
    from pipelines.settings import Settings

HomeDir = Annotated[Path | None, typer.Option("--home", help="Where everything lies (EFFEKT_HOME, else var).")]
KeysDir = Annotated[Path | None, typer.Option("--keys", help="Where the keys lie (EFFEKT_KEYS, else .keys).")]
AsJson = Annotated[bool, typer.Option("--json", help="Only JSON on standard output.")]


class CommandError(Exception):
    """What a person at the terminal got wrong or must do first, in one sentence."""


def settings_of(**given: object) -> "Settings":
    from pipelines.settings import load_settings

    return load_settings(**given)


def keys_of(settings: "Settings") -> "Keys":
    from pipelines.identity import load_keys

    if not settings.keys.is_dir():
        raise CommandError(f"there are no keys in {settings.keys}: make them with `effekt keys new`")
    return load_keys(settings.keys, settings.home)


def require_home(settings: "Settings") -> None:
    if not (settings.home / "home.json").is_file():
        raise CommandError(f"there is no home at {settings.home}: name it with --home")


def print_result(content: dict[str, object], as_json: bool, *lines: str) -> None:
    if as_json:
        print(json.dumps(content, ensure_ascii=False, default=str))
        return
    for line in lines:
        print(line)


def say(sentence: str) -> None:
    print(f"effekt: {sentence}", file=sys.stderr)
