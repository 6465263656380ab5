"""The one error by which a file is refused as a whole."""


class Refused(ValueError):
    """Why a file is refused as a whole, in one sentence: positions, counts and column names, never a cell or a
    header."""
