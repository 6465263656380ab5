"""Where things lie and what was decided beforehand: the only module that reads the environment.

Every setting is a field of `Settings`; it may come from a keyword, an `EFFEKT_…` variable or a line in `effekt.toml`,
in that order. Thresholds that decide a verdict belong to `schemas/codes/`, since they are data fixed before estimation.
"""

import os
import tomllib
from dataclasses import dataclass, fields
from datetime import date
from pathlib import Path


class SettingsError(ValueError):
    """A setting that cannot be used, in one sentence."""


@dataclass(frozen=True)
class Settings:
    """All settings of a run. `synthetic` and `as_of` are None where nobody said: the home and the data then decide."""

    home: Path = Path("var")
    keys: Path = Path(".keys")
    synthetic: bool | None = None
    as_of: date | None = None
    engine: str = "duckdb"  # or spark: registers and panel are made there
    spark: str = ""         # address of Spark Connect, sc://host:port
    memory_limit: str = "2GB"
    threads: int = 2
    contact_days: int = 365  # within which two actors' contacts with a company count as one period


def load_settings(**given: object) -> Settings:
    """Settings from keywords (None means not given), then `EFFEKT_…` variables, then `effekt.toml` in the working directory.

    Raises SettingsError naming the setting and the form it expects.
    """
    from_file = _read_toml(Path("effekt.toml"))
    chosen = {}
    for field in fields(Settings):
        value = given.get(field.name)
        if value is None:
            value = os.environ.get(f"EFFEKT_{field.name.upper()}") or from_file.get(field.name)
        if value is not None:
            chosen[field.name] = _convert(field.name, value)
    settings = Settings(**chosen)
    if settings.engine == "spark" and not settings.spark.startswith("sc://"):
        raise SettingsError("EFFEKT_ENGINE=spark needs the address of Spark Connect: EFFEKT_SPARK=sc://host:15002")
    return settings


def _read_toml(path: Path) -> dict[str, object]:
    if not path.is_file():
        return {}
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"effekt.toml is not valid TOML: {error}") from None
    unknown = sorted(set(content) - {field.name for field in fields(Settings)})
    if unknown:
        raise SettingsError(f"effekt.toml names settings that do not exist: {', '.join(unknown)}")
    return content


def _convert(name: str, value: object) -> object:
    if name in {"home", "keys"}:
        return Path(str(value))
    if name in {"threads", "contact_days"}:
        if str(value).isdigit() and int(str(value)) > 0:
            return int(str(value))
        raise SettingsError(f"EFFEKT_{name.upper()} must be a whole number above 0")
    if name == "synthetic":
        spelled = {"1": True, "true": True, "0": False, "false": False}.get(str(value).lower())
        if spelled is None:
            raise SettingsError("EFFEKT_SYNTHETIC must be 1 (only synthetic numbers) or 0 (only real numbers)")
        return spelled
    if name == "as_of":
        try:
            return value if isinstance(value, date) else date.fromisoformat(str(value))
        except ValueError:
            raise SettingsError("the as-of date must be written as YYYY-MM-DD") from None
    if name == "engine" and value not in ("duckdb", "spark"):
        raise SettingsError("EFFEKT_ENGINE must be duckdb or spark")
    return str(value)
