"""Contracts: reads the Open Data Contract Standard files beside it and renders them as Arrow schema, rules, Great
Expectations suite, SQL comments and dictionary.

What a table is belongs here; how one is computed does not. No message ever shows a value, only names and counts.
"""

import datetime as dt
import re
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

import pyarrow as pa
import pyarrow.csv
import pyarrow.dataset
import yaml

from schemas import rendering
from schemas.casting import CastError, as_arrow, cast, type_of
from schemas.rules import Rule, column_rules, violations

HERE = Path(__file__).parent
ROOMS = ("deliveries", "registers", "warehouse", "store")
FRAME_LIMIT = 500_000  # rows; above it one DuckDB scan counts, and Great Expectations sees only the counts


class ContractError(ValueError):
    """A table is not what its contract says. The text holds column names and counts, never a value."""


@dataclass(frozen=True)
class Column:
    """One column: what it means, its type and what its values may be.

    `physical` is its DuckDB type, `label` the Danish name; `synonyms` are headers that operators use for it; `codes`
    names the code table whose first column lists the allowed values; `asked` says that a delivery must have the column,
    though its cells may be empty; `classification` is "raw" (a civil or business number), "pseudonym", "free_text" or
    None. Bounds are inclusive: numbers, or dates for a DATE. `description_da` and `example` (as an operator would type
    it, numbers synthetic) are there for deliveries.
    """

    name: str
    physical: str
    description: str
    label: str
    synonyms: tuple[str, ...] = ()
    required: bool = False
    asked: bool = False
    key: bool = False
    codes: str | None = None
    minimum: float | dt.date | None = None
    maximum: float | dt.date | None = None
    allowed: tuple[str, ...] = ()
    classification: str | None = None
    description_da: str | None = None
    example: str | None = None

    @property
    def type(self) -> pa.DataType:
        """The Arrow type that the DuckDB type stands for."""
        return type_of(self.physical)


@dataclass(frozen=True)
class Finding:
    """How many rows break a rule. For `unique`: all rows that share their key with another."""

    rule: str
    column: str | None
    violations: int


@dataclass(frozen=True)
class Contract:
    """One table: its columns in order, its keys and every rule it promises to keep.

    `blocking`: whether a table that breaks a rule stops everything made from it (else it is told, and the run goes on).
    """

    name: str
    room: str
    label: str
    description: str
    columns: tuple[Column, ...]
    keys: tuple[str, ...]
    blocking: bool = True

    def column(self, name: str) -> Column:
        """The column of that name; KeyError when the table has none."""
        return self._by_name[name]

    @cached_property
    def _by_name(self) -> dict[str, Column]:
        return {column.name: column for column in self.columns}

    def arrow_schema(self) -> pa.Schema:
        """The columns in order; a required one is not nullable; each field's metadata carries its description."""
        return self._schema

    @cached_property
    def _schema(self) -> pa.Schema:
        return pa.schema(
            [
                pa.field(column.name, column.type, not column.required, {"description": column.description})
                for column in self.columns
            ]
        )

    def conform(self, table, round_decimals: bool = False) -> pa.Table:
        """The table with exactly the contract's columns, order and types, every value unchanged (NaN becomes null).

        Takes an Arrow table or a pandas frame; optional columns that are absent become null. `round_decimals` allows
        rounding to a DECIMAL's scale, half away from zero. Raises ContractError that names missing, unknown and
        mistyped columns and counts the empty cells of required ones.
        """
        found = self._shaped(table, round_decimals)
        empty = [
            f"{column.name} is empty in {found[column.name].null_count} of {found.num_rows} rows"
            for column in self.columns
            if column.required and found[column.name].null_count
        ]
        if empty:
            raise ContractError(f"{self.name}: " + "; ".join(empty))
        return pa.Table.from_arrays(found.columns, schema=self.arrow_schema())

    def _shaped(self, table, round_decimals: bool = False) -> pa.Table:
        """The contract's columns and types; cells may be empty everywhere, since that is a rule's business."""
        try:
            table = as_arrow(table)
        except CastError as error:
            raise ContractError(f"{self.name}: columns that mix kinds of values: {_shown(error.args[0])}") from None
        problems = self._naming_problems(table.column_names)
        arrays = []
        for column in self.columns:
            try:
                if column.name in table.column_names:
                    given = table.column(table.column_names.index(column.name))
                    arrays.append(cast(given, column.type, round_decimals))
                else:
                    arrays.append(pa.nulls(table.num_rows, column.type))
            except CastError as error:
                problems.append(f"{column.name} {error}")
        if problems:
            raise ContractError(f"{self.name}: " + "; ".join(problems))
        return pa.Table.from_arrays(arrays, names=[column.name for column in self.columns])

    def _naming_problems(self, names: list[str]) -> list[str]:
        told = {
            "missing columns": [column.name for column in self.columns if column.required and column.name not in names],
            "unknown columns": [name for name in names if name not in self._by_name],
            "columns that come twice": sorted({name for name in names if names.count(name) > 1}),
        }
        return [f"{words}: {_shown(which)}" for words, which in told.items() if which]

    def rules(self) -> tuple[Rule, ...]:
        """Every rule of the contract, column by column, uniqueness of the keys last."""
        return self._rules

    @cached_property
    def _rules(self) -> tuple[Rule, ...]:
        found = [rule for column in self.columns for rule in column_rules(column, code_values(column.codes))]
        return tuple(found + [Rule("unique", None, None)] * bool(self.keys))

    def suite(self):
        """The same rules as a Great Expectations suite; each expectation's `meta` holds `rule` and `column`.

        It fits a frame with numbers as floats and dates as timestamps, as `check` hands it.
        """
        from great_expectations import ExpectationSuite

        return ExpectationSuite(name=self.name, expectations=[_expectation(self, rule) for rule in self.rules()])

    def check(self, table) -> tuple[Finding, ...]:
        """The rules that the table breaks, with the number of rows that break each; empty when all hold.

        Takes an Arrow table, a pandas frame or a pyarrow Dataset (scanned, never loaded). Up to FRAME_LIMIT rows Great
        Expectations counts on the frame itself; above, one DuckDB scan counts and Great Expectations judges the counts.
        Raises ContractError when the columns are not the contract's, or when a rule cannot be evaluated.
        """
        if isinstance(table, pa.dataset.Dataset):
            self._shaped(table.schema.empty_table())
        else:
            table = self._shaped(table)
            if table.num_rows <= FRAME_LIMIT:
                return _findings(self, _evaluate(self, _frame(self, table), self.suite()))
        counts = violations(self.rules(), self.keys, table)
        broken = _evaluate(self, *_counted(self, counts))
        return _findings(self, {rule: counts[rule] for rule in broken if broken[rule]})

    def comments(self) -> tuple[str, ...]:
        """COMMENT statements for "<schema>"."<table>" and its columns, to be run after the table is made."""
        return rendering.comments(self)

    def template(self) -> str:
        """An empty delivery: the Danish headers in one semicolon-separated line."""
        return ";".join(column.label for column in self.columns) + "\n"


@cache
def load(name: str) -> Contract:
    """The contract "panel.firm_year", "deliveries.projects" or "registers.FIRM"; KeyError when there is none."""
    for room in ROOMS:
        for contract in contracts(room):
            if contract.name == name:
                return contract
    raise KeyError(f"no contract is called {name}; docs/dictionary.md lists all of them")


@cache
def contracts(room: str) -> tuple[Contract, ...]:
    """All contracts of a room (deliveries, registers, warehouse or store), by name; KeyError for any other word."""
    if room not in ROOMS:
        raise KeyError(f"{room} is no room of contracts; the rooms are {', '.join(ROOMS)}")
    return tuple(_read(path, room) for path in sorted((HERE / room).glob("*.odcs.yaml")))


@cache
def codes(name: str) -> pa.Table:
    """The code table schemas/codes/<name>.csv, all columns text, empty cells null; KeyError when there is none."""
    path = HERE / "codes" / f"{name}.csv"
    if not path.is_file():
        raise KeyError(f"no code table is called {name}; they lie in schemas/codes")
    with path.open(encoding="utf-8") as file:
        header = file.readline().rstrip("\n").split(",")
    as_text = pyarrow.csv.ConvertOptions(
        column_types={column: pa.string() for column in header}, strings_can_be_null=True, null_values=[""]
    )
    return pyarrow.csv.read_csv(path, convert_options=as_text)


def code_values(name: str | None) -> tuple[str, ...]:
    """The allowed values of a code table, its first column; none for None."""
    return tuple(codes(name).column(0).to_pylist()) if name else ()


def dictionary() -> str:
    """Every table, column and code list of all rooms as one Markdown page."""
    lists = sorted(path.stem for path in (HERE / "codes").glob("*.csv"))
    return rendering.dictionary({room: contracts(room) for room in ROOMS}, {name: codes(name) for name in lists})


def _read(path: Path, room: str) -> Contract:
    with path.open(encoding="utf-8") as file:
        document = yaml.load(file, Loader=yaml.CSafeLoader)
    table = document["schema"][0]
    keyed = sorted((p["primaryKeyPosition"], p["name"]) for p in table["properties"] if p.get("primaryKey"))
    return Contract(
        name=document["name"],
        room=room,
        label=table["businessName"],
        description=table["description"],
        columns=tuple(_read_column(written) for written in table["properties"]),
        keys=tuple(name for _, name in keyed),
        blocking=_custom(table).get("blocking", True),
    )


def _read_column(written: dict) -> Column:
    custom = _custom(written)
    bounds = written.get("logicalTypeOptions", {})
    if written["logicalType"] == "date":
        bounds = {name: dt.date.fromisoformat(day) for name, day in bounds.items()}
    required = written.get("required", False)
    return Column(
        name=written["name"],
        physical=written["physicalType"],
        description=written["description"],
        label=written["businessName"],
        synonyms=tuple(custom.get("synonyms", ())),
        required=required,
        asked=custom.get("asked", required),
        key=written.get("primaryKey", False),
        codes=custom.get("codes"),
        minimum=bounds.get("minimum"),
        maximum=bounds.get("maximum"),
        allowed=tuple(custom.get("allowed", ())),
        classification=written.get("classification"),
        description_da=custom.get("description_da"),
        example=next(iter(written.get("examples", ())), None),
    )


def _custom(written: dict) -> dict[str, object]:
    return {entry["property"]: entry["value"] for entry in written.get("customProperties", ())}


def _shown(names: list[str]) -> str:
    """Column names for a message. What looks like none may be a cell of a file without headers: it is only counted."""
    proper = [n for n in names if re.fullmatch(r"[A-Za-z_]\w{0,62}", n) and not re.search(r"\d{5}|[a-p]{32}", n)]
    hidden = len(names) - len(proper)
    return ", ".join(proper + [f"{hidden} that are no names"] * bool(hidden))


def _expectation(contract: Contract, rule: Rule):
    from great_expectations import expectations as gx

    meta = {"rule": rule.name, "column": rule.column}
    if rule.name == "unique":
        if len(contract.keys) == 1:
            return gx.ExpectColumnValuesToBeUnique(column=contract.keys[0], meta=meta)
        return gx.ExpectCompoundColumnsToBeUnique(column_list=list(contract.keys), meta=meta)
    column = contract.column(rule.column)
    if rule.name == "not_null":
        return gx.ExpectColumnValuesToNotBeNull(column=column.name, meta=meta)
    if rule.name == "between":
        low, high = (_midnight(bound) for bound in (column.minimum, column.maximum))
        return gx.ExpectColumnValuesToBeBetween(column=column.name, min_value=low, max_value=high, meta=meta)
    values = code_values(column.codes) if rule.name == "in_codes" else column.allowed
    return gx.ExpectColumnValuesToBeInSet(column=column.name, value_set=list(values), meta=meta)


def _midnight(bound):
    return dt.datetime.combine(bound, dt.time()) if isinstance(bound, dt.date) else bound


def _frame(contract: Contract, table: pa.Table):
    """The columns that rules speak of, as Great Expectations compares them: numbers as floats, dates as timestamps."""
    spoken_of = {rule.column for rule in contract.rules()} | set(contract.keys)
    plain = {}
    for column in contract.columns:
        if column.name in spoken_of:
            wanted = {"INTEGER": pa.float64(), "DATE": pa.timestamp("s")}.get(column.physical, column.type)
            wanted = pa.float64() if pa.types.is_decimal(wanted) else wanted
            plain[column.name] = table[column.name].cast(wanted)
    return pa.table(plain).to_pandas()


def _counted(contract: Contract, counts: dict[Rule, int]):
    """A frame of one row, one column a rule with its violations, and the suite that wants each to be zero."""
    from great_expectations import ExpectationSuite
    from great_expectations import expectations as gx

    frame = pa.table({f"r{n}": [count] for n, count in enumerate(counts.values())}).to_pandas()
    none = [
        gx.ExpectColumnValuesToBeBetween(column=f"r{n}", max_value=0, meta={"rule": rule.name, "column": rule.column})
        for n, rule in enumerate(counts)
    ]
    return frame, ExpectationSuite(name=contract.name, expectations=none)


def _evaluate(contract: Contract, frame, suite) -> dict[Rule, int]:
    """How many rows of the frame break each rule, as Great Expectations counts; no value is kept, shown or logged."""
    import great_expectations
    from great_expectations.data_context.types.base import ProgressBarsConfig

    if not suite.expectations:
        return {}
    context = great_expectations.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False, metric_calculations=False)
    batch = context.data_sources.pandas_default.read_dataframe(frame)
    counts_only = {"result_format": "BASIC", "partial_unexpected_count": 0}
    results = batch.validate(suite, result_format=counts_only).results
    context.data_sources.delete(batch.datasource.name)  # else the frame lives on in the process
    found = {}
    for result in results:
        meta = result.expectation_config.meta
        found[meta["rule"], meta["column"]] = 0 if result.success else result.result.get("unexpected_count")
    broken = {rule: found.get((rule.name, rule.column)) for rule in contract.rules()}
    failed = [rule for rule, count in broken.items() if count is None]  # an exception is a failure without a count
    if failed:
        told = ", ".join(f"{rule.name} {rule.column or ''}".strip() for rule in failed)
        raise ContractError(f"{contract.name}: these rules could not be evaluated: {told}")
    return broken


def _findings(contract: Contract, broken: dict[Rule, int]) -> tuple[Finding, ...]:
    return tuple(Finding(rule.name, rule.column, int(broken[rule])) for rule in contract.rules() if broken.get(rule))


if __name__ == "__main__":
    (HERE.parent / "docs" / "dictionary.md").write_text(dictionary(), encoding="utf-8")
