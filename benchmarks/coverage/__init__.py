"""The coverage study: how often the intervals hold the truth, on synthetic worlds whose truth is known. Not run by `make bench`."""
