"""What Dagster knows of a table: its key, description and columns, all from its contract.

Belongs here: naming and describing assets. What an asset computes is its stage's, where it is stored is storage's.
"""

import functools
import inspect
from collections.abc import Callable, Iterable, Mapping

import dagster as dg

from assets.failures import StepError, without_values
from schemas import contract


def key(name: str) -> dg.AssetKey:
    """Asset key of the table "<schema>.<table>"."""
    return dg.AssetKey(name.split("."))


def table_spec(name: str, group: str, deps: Iterable[str] = ()) -> dg.AssetSpec:
    """The asset that is the table `name`, in the group of its stage, made from the tables `deps`."""
    described = contract.load(name)
    return dg.AssetSpec(
        key(name),
        deps=[key(dep) for dep in deps],
        description=described.description,
        group_name=group,
        metadata={"dagster/column_schema": _column_schema(described)},
    )


def table_asset(
    *names: str, group: str, takes: Mapping[str, str] | None = None, deps: Iterable[str] = ()
) -> Callable[[Callable], dg.AssetsDefinition]:
    """Make a function the asset (or assets) of the tables `names`.

    `takes` names the table behind each argument, whose annotation says in which form it is wanted (see storage);
    `deps` are tables that are read in another way. For one name the function returns the table, for several a dict of
    tables by name. Its failures are told without values.
    """

    def decorate(step: Callable) -> dg.AssetsDefinition:
        @functools.wraps(step)
        def run(*args, **kwargs):
            with without_values(step.__name__):
                made = step(*args, **kwargs)
                return made if len(names) == 1 else _in_order(made, names)

        if len(names) > 1:  # Dagster reads a return annotation of several outputs as a tuple of them
            run.__signature__ = inspect.signature(step).replace(return_annotation=inspect.Signature.empty)
        return dg.multi_asset(
            name=step.__name__,
            outs={_output(name): dg.AssetOut.from_spec(table_spec(name, group)) for name in names},
            ins={argument: dg.AssetIn(key=key(name)) for argument, name in (takes or {}).items()},
            deps=[key(dep) for dep in deps],
        )(run)

    return decorate


def _in_order(made: Mapping[str, object], names: tuple[str, ...]) -> tuple[object, ...]:
    if set(made) != set(names):
        differing = ", ".join(sorted(set(made) ^ set(names)))
        raise StepError(f"the step returned other tables than it is declared to make: {differing}")
    return tuple(made[name] for name in names)


def _output(name: str) -> str:
    return name.replace(".", "__")


def _column_schema(described: contract.Contract) -> dg.TableSchema:
    return dg.TableSchema(
        columns=[
            dg.TableColumn(
                column.name,
                column.physical,
                description=column.description,
                constraints=dg.TableColumnConstraints(nullable=not column.required),
            )
            for column in described.columns
        ]
    )
