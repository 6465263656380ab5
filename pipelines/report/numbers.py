"""Numbers, amounts and dates as a reader of each language writes them: 1.234,5 in Danish, 1,234.5 in English.

Belongs here: how a figure looks. A missing figure is None and has no look: who shows it says why it is missing.
"""

from datetime import date

MINUS = "−"
NO_BREAK = "\N{NO-BREAK SPACE}"
MONTHS = {
    "da": ["januar", "februar", "marts", "april", "maj", "juni", "juli", "august", "september", "oktober", "november", "december"],
    "en": ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"],
}
COUNTS = {
    "da": ["nul", "et", "to", "tre", "fire", "fem", "seks", "syv", "otte", "ni", "ti"],
    "en": ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"],
}
SWAP = str.maketrans({",": ".", ".": ","})


def number(value: float, language: str, places: int = 0) -> str:
    """A number with separators and a real minus; one that rounds to zero has no sign."""
    text = f"{abs(value):,.{places}f}"
    sign = MINUS if value < 0 and text.strip("0.,") else ""
    return sign + (text.translate(SWAP) if language == "da" else text)


def signed(value: float, language: str, places: int = 0) -> str:
    """A number that says its direction: +1,3 or −0,4."""
    text = number(value, language, places)
    return text if text.startswith(MINUS) or not text.strip("0.,") else f"+{text}"


def percent(value: float, language: str, places: int = 0) -> str:
    """A percentage: 16,7 % in Danish, 16.7% in English."""
    return number(value, language, places) + (f"{NO_BREAK}%" if language == "da" else "%")


def interval(low: float, high: float, language: str, places: int = 0) -> str:
    """Both ends in words, since a dash beside a minus is misread: −7 til 106."""
    word = "til" if language == "da" else "to"
    return f"{number(low, language, places)} {word} {number(high, language, places)}"


def decimals(*values: float | None) -> int:
    """Decimals for figures that are read together: one where all are below ten, so that 0.4 is not read as 0."""
    return 1 if max((abs(value) for value in values if value is not None), default=10) < 10 else 0


def round_amount(value: float) -> float:
    """DKK to what a reader can use: thousands from 10,000, hundreds from 1,000."""
    step = 1000 if abs(value) >= 10_000 else 100 if abs(value) >= 1000 else 1
    return round(value / step) * step


def spelled(count: int, language: str) -> str:
    """Counts to ten as words, larger ones as figures."""
    return COUNTS[language][count] if 0 <= count <= 10 else number(count, language)


def day(value: date, language: str) -> str:
    """31. december 2015, or 31 December 2015."""
    dot = "." if language == "da" else ""
    return f"{value.day}{dot} {MONTHS[language][value.month - 1]} {value.year}"
