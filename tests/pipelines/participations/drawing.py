"""Draws small deliveries as operators write them: every number synthetic, every file made in the test that reads it."""

import io
from pathlib import Path

import openpyxl

from pipelines.identity import Keys
from pipelines.participations import Receipt, pseudonymise

KEYS = Keys(bytes(range(32)), bytes(range(100, 132)))
CVRS = ("01000004", "02555557", "03333337", "04111109", "08777772", "09555552")
CPRS = ("0101405000", "1502386001", "2902407002", "3112578999")

INITIATIVES = """Initiativ;Navn;Indsatstype;Region;Fond;Startdato;Slutdato
I1;Vækst på øen;growth_programme;1081;erdf;01-01-2008;31-12-2013
"""
PROJECTS = """Projekt;Initiativ;Navn;Operatør;Startdato;Slutdato;Bevilling (kr.)
P1;I1;Vækst i Ålborg;nord;01-01-2008;31-12-2012;1.000.000,50
P2;I1;Vækst i Ærø;syd;01-01-2008;31-12-2012;500.000
"""
COMPANIES = f"""CVR-nr.;Projekt;Startdato;Slutdato;Tilskud (kr.)
{CVRS[0]};P1;01-05-2010;31-12-2010;1.234,50
{CVRS[1]};P1;02-05-2010;;0
{CVRS[2]};P2;03-05-2010;31-12-2010;
"""
PERSONS = f"""CPR-nr.;Projekt;Startdato;Slutdato;Arbejdsgivers CVR-nr.;Gennemført
{CPRS[0]};P1;01-05-2010;31-12-2010;{CVRS[0]};ja
{CPRS[1]};P2;01-05-2010;;;nej
"""


def put(directory: Path, name: str, text: str | bytes, encoding: str = "utf-8") -> Path:
    """Writes a file and gives its path."""
    path = directory / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode(encoding))
    return path


def deliver(directory: Path, name: str, text: str | bytes, home: Path | None = None, keys: Keys = KEYS) -> Receipt:
    """Writes a file and pseudonymises it into a synthetic home; its kind is read from its name."""
    kind = next(kind for kind in KINDS if f"_{kind}_" in name)
    return pseudonymise(put(directory, name, text), kind, keys=keys, home=home or directory / "home", synthetic=True)


def workbook(*sheets: tuple[str, list[list[object]]]) -> bytes:
    """An .xlsx file of the named sheets."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    for title, rows in sheets:
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(row)
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


KINDS = ("initiatives", "projects", "targets", "company_participations", "person_participations", "company_contacts")
