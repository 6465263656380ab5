"""How each operator writes a file: separators, decimal commas, dates, headers, sheets. Equal rows give equal bytes."""

import csv
import io
import re
import zipfile
from datetime import date, datetime
from pathlib import Path

import numpy as np
import pandas as pd
from openpyxl import Workbook

from pipelines.world.deliveries import Delivery
from schemas.contract import load

_FIXED = datetime(2014, 1, 2, 3, 4, 6)
DANISH_CSV = {"encoding": "cp1252", "separator": ";", "danish": True}
WITH_MARK = {"encoding": "utf-8-sig", "separator": ";", "danish": True}
PLAIN_CSV = {"encoding": "utf-8", "separator": ",", "danish": False}


def write_delivery(delivery: Delivery, directory: Path) -> Path:
    """Write one file in its operator's habits as `<operator>_<KIND>_<period>.<ending>`; the path is returned."""
    stem = f"{delivery.operator}_{delivery.kind}_{delivery.period}"
    writer = {
        "nordvaekst": lambda: (".csv", _as_csv(delivery, DANISH_CSV)),
        "digitalhub": lambda: (".csv", _as_csv(delivery, PLAIN_CSV)),
        "energiforum": lambda: (".csv", _as_csv(delivery, WITH_MARK)),
        "havklynge": lambda: (".xlsx", _as_xlsx(delivery, true_dates=True)),
        "kompetencehus": lambda: (".xlsx", _as_xlsx(delivery, true_dates=False)),
    }[delivery.operator]
    ending, content = writer()
    path = directory / f"{stem}{ending}"
    aside = path.with_suffix(".part")
    aside.write_bytes(content)
    return aside.replace(path)


def _headers(delivery: Delivery, danish: bool) -> dict[str, str]:
    contract = load(f"deliveries.{delivery.kind}")
    used = {name for row in delivery.rows for name in row}
    return {column.name: column.label if danish else column.name for column in contract.columns if column.name in used}


def _as_csv(delivery: Delivery, habit: dict) -> bytes:
    headers = _headers(delivery, habit["danish"])
    text = io.StringIO()
    writer = csv.writer(text, delimiter=habit["separator"], lineterminator="\r\n" if habit["danish"] else "\n")
    writer.writerow(headers.values())
    for row in delivery.rows:
        writer.writerow([_spell(row.get(name), habit["danish"]) for name in headers])
    return text.getvalue().encode(habit["encoding"])


def _spell(value: object, danish: bool) -> str:
    if value is None or value is pd.NaT or (isinstance(value, float) and np.isnan(value)):
        return ""
    if isinstance(value, (bool, np.bool_)):
        return ("ja" if value else "nej") if danish else str(bool(value)).lower()
    day = _as_date(value)
    if day is not None:
        return day.strftime("%d-%m-%Y") if danish else day.isoformat()
    if isinstance(value, (int, float, np.integer, np.floating)):
        whole = f"{value:,.2f}" if float(value) % 1 else f"{int(value):,}"
        return whole.translate(str.maketrans(",.", ".,")) if danish else whole.replace(",", "")
    return str(value)


def _as_date(value: object) -> date | None:
    if isinstance(value, (np.datetime64, pd.Timestamp)):
        return None if pd.isna(value) else pd.Timestamp(value).date()
    return value if isinstance(value, date) else None


def _as_xlsx(delivery: Delivery, true_dates: bool) -> bytes:
    headers = _headers(delivery, danish=True)
    book = Workbook()
    book.properties.created = book.properties.modified = _FIXED
    book.properties.creator = delivery.operator
    sheet = book.active
    sheet.title = "Deltagere"
    sheet.append(list(headers.values()))
    for row in delivery.rows:
        sheet.append([_as_cell(name, row.get(name), true_dates) for name in headers])
    written = io.BytesIO()
    book.save(written)
    return _rezip(written.getvalue())


def _as_cell(name: str, value: object, true_dates: bool) -> object:
    """A cell as the operator's Excel holds it: numbers without their zero, hyphens, dates as text."""
    if value is None or value is pd.NaT or (isinstance(value, float) and np.isnan(value)):
        return None
    day = _as_date(value)
    if day is not None:
        return day if true_dates else f"{day.day}.{day.month}.{day.year}"
    if isinstance(value, (bool, np.bool_)):
        return "Ja" if value else "Nej"
    if name in {"cvr", "employer_cvr", "cpr"} and true_dates:
        return int(value)
    if name == "cpr":
        return f"{value[:6]}-{value[6:]}"
    return value.item() if isinstance(value, np.generic) else value


def _rezip(content: bytes) -> bytes:
    """The same archive with fixed times and no compression, so that equal cells give equal bytes anywhere."""
    source, target = zipfile.ZipFile(io.BytesIO(content)), io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(source.namelist()):
            entry = zipfile.ZipInfo(name, date_time=_FIXED.timetuple()[:6])
            entry.create_system, entry.external_attr = 3, 0o600 << 16
            data = source.read(name)
            if name == "docProps/core.xml":
                data = _fix_times(data)
            archive.writestr(entry, data)
    return target.getvalue()


def _fix_times(core: bytes) -> bytes:
    return re.sub(rb"(<dcterms:(?:created|modified)[^>]*>)[^<]*", rb"\g<1>2014-01-02T03:04:06Z", core)
