"""Draws the numbers that no file may hold."""

import numpy as np

WEIGHTS = (2, 7, 6, 5, 4, 3, 2, 1)


def real_looking_cvr(draw: np.random.Generator) -> str:
    """Drawn from the end of the range at run time, so that none is ever committed."""
    while True:
        text = str(draw.integers(99_000_000, 100_000_000))
        if sum(w * int(d) for w, d in zip(WEIGHTS, text, strict=True)) % 11 == 0:
            return text
