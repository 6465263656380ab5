"""The one join of this room: every row of the left table once, keys by name."""

from collections.abc import Sequence

import ibis


def left_join(left: ibis.Table, right: ibis.Table, keys: Sequence[str]) -> ibis.Table:
    """Left join on equal names. `right` must have one row a key; a column that both have is taken from the left."""
    shared = [name for name in right.columns if name in left.columns and name not in keys]
    joined = left.left_join(right.drop(*shared) if shared else right, list(keys))
    return joined.drop(*[f"{key}_right" for key in keys])
