"""What the estimator says when it cannot go on: counts, column names and rule names, never a unit's value."""


class EstimationError(ValueError):
    """The input cannot be estimated; the message names the column, the count and what to do."""


class NotEstimable(Exception):
    """One cell cannot be estimated; the reason goes into the result's table and never further.

    `max_propensity` is kept for the table when the propensity model was fitted before the refusal.
    """

    def __init__(self, reason: str, max_propensity: float = float("nan")):
        super().__init__(reason)
        self.reason = reason
        self.max_propensity = max_propensity
