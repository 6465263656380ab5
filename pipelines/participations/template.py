"""An empty workbook for an operator to fill in, made from a delivery's contract: headers, what each column means, code
lists to choose from, and formats that keep leading zeros.

What a filled-in workbook means is read elsewhere; every word about a column comes from its contract.
"""

import datetime as dt
import io
import re
import zipfile
from pathlib import Path

import openpyxl
import pyarrow as pa
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from schemas.contract import Column, Contract, code_values, codes, load

LANGUAGES = ("da", "en")
LAST_ROW = 1_048_576  # of a sheet
MADE = dt.datetime(2013, 1, 1)  # one day for all templates: the same contract gives the same bytes
ZIP_TIME = (1980, 1, 1, 0, 0, 0)
TEXT, DATE, AMOUNT = "@", "dd-mm-yyyy", "#,##0.00"
FILLS = {"required": "1F4E5F", "asked": "5B7F8C", "optional": "8A8F93"}
WORDS = {
    "guide": ("Vejledning", "Guide"),
    "codes": ("Koder", "Codes"),
    "how": (
        "Udfyld arket »{sheet}«: én række for hver {row}. Behold overskrifterne; rækkefølgen er ligegyldig.",
        "Fill in the sheet “{sheet}”: one row a {row}. Keep the headers; their order does not matter.",
    ),
    "name": (
        "Gem filen som <operatør>_{kind}_<periode>.xlsx, fx nordvaekst_{kind}_2010.xlsx.",
        "Save the file as <operator>_{kind}_<period>.xlsx, such as nordvaekst_{kind}_2010.xlsx.",
    ),
    "check": (
        "Prøv filen, før den sendes: effekt check FIL --as {kind}. Intet bliver gemt.",
        "Try the file before it is sent: effekt check FILE --as {kind} --language en. Nothing is stored.",
    ),
    "made_up": (
        "Numrene i eksemplerne er opdigtede; ingen kan have dem.",
        "The numbers in the examples are made up; nobody can hold them.",
    ),
    "heads": (
        ("Kolonne", "Betydning", "Skal udfyldes", "Hvad der kan stå", "Eksempel"),
        ("Column", "Meaning", "Must be filled", "What it may hold", "Example"),
    ),
    "required": ("ja, i hver række", "yes, in every row"),
    "asked": ("nej, men kolonnen skal være der", "no, but the column must be there"),
    "optional": ("nej; kolonnen må slettes", "no; the column may be deleted"),
    "raw": ("{digits} cifre; kolonnen er tekst, så nuller foran bevares", "{digits} digits; the column is text, so that leading zeros stay"),
    "date": ("en dato fra {low} til {high}", "a date from {low} to {high}"),
    "amount": ("et tal, mindst {low}", "a number, at least {low}"),
    "code": ("en af koderne på arket »{sheet}«: {some}", "one of the codes on the sheet “{sheet}”: {some}"),
    "bool": ("ja eller nej", "yes or no"),
    "text": ("tekst uden CPR- og CVR-numre", "text without CPR and CVR numbers"),
    "yes_no": ("ja,nej", "yes,no"),
    "wrong": ("Det kan der ikke stå her", "This cannot stand here"),
    "code_heads": (("kode", "betydning"), ("code", "meaning")),
}
ROW_WORDS = {
    "initiatives": ("indsats", "initiative"),
    "projects": ("projekt", "project"),
    "targets": ("indikator i hvert projekt", "indicator in each project"),
    "company_participations": ("virksomhed i et projekt", "company in a project"),
    "person_participations": ("person i et projekt", "person in a project"),
    "company_contacts": ("kontakt", "contact"),
}


class TemplateError(ValueError):
    """A template that cannot be written as asked, in one sentence."""


def write_template(kind: str, to: Path, language: str = "da", overwrite: bool = False) -> Path:
    """Writes the template of a kind of delivery to `to`; the path.

    Raises TemplateError for another ending than .xlsx, a directory that is not there, and a file that exists unless
    `overwrite` says so; ValueError for a language other than "da" and "en".
    """
    to = Path(to)
    content = template(load(f"deliveries.{kind}"), language)
    if to.suffix.lower() != ".xlsx":
        raise TemplateError("a template is an Excel workbook: give it a name that ends with .xlsx")
    if not to.parent.is_dir():
        raise TemplateError(f"there is no directory {to.parent} to write the template in")
    try:
        with open(to, "wb" if overwrite else "xb") as file:
            file.write(content)
    except FileExistsError:
        raise TemplateError(f"{to} is there already and was left as it is; --overwrite replaces it") from None
    return to


def template(contract: Contract, language: str = "da") -> bytes:
    """The workbook of a delivery: the sheet to fill in (Danish labels as headers, or the contract's names in English), a
    sheet that explains each column, and one of codes where there are any. The same contract gives the same bytes."""
    if language not in LANGUAGES:
        raise ValueError(f"a template is not written in that language; it is one of {', '.join(LANGUAGES)}")
    book = openpyxl.Workbook()
    book.properties.creator, book.properties.created = "effekt", MADE
    sheet = book.active
    sheet.title = _sheet_title(contract, language)
    guide = book.create_sheet(_say("guide", language))
    lists = _write_codes(book, contract, language)
    _write_headers(sheet, contract, language)
    for at, column in enumerate(contract.columns, 1):
        _prepare(sheet, at, column, lists.get(column.name), language)
    _write_guide(guide, contract, language)
    content = io.BytesIO()
    book.save(content)
    return _timeless(content.getvalue())


def header(column: Column, language: str) -> str:
    """What stands above the column: its Danish label, or its name in the contract."""
    return column.label if language == "da" else column.name


def allowed(column: Column, language: str) -> str:
    """What a cell of the column may hold, in words."""
    if column.classification == "raw":
        return _say("raw", language, digits=10 if column.name.endswith("cpr") else 8)
    if pa.types.is_date(column.type):
        low, high = (f"{bound:%d-%m-%Y}" for bound in (column.minimum, column.maximum))
        return _say("date", language, low=low, high=high)
    if pa.types.is_decimal(column.type):
        return _say("amount", language, low=column.minimum)
    if pa.types.is_boolean(column.type):
        return _say("bool", language)
    if listed := _listed(column):
        some = ", ".join(listed[:4]) + (" …" if len(listed) > 4 else "")
        return _say("code", language, sheet=_say("codes", language), some=some)
    return _say("text", language)


def _listed(column: Column) -> tuple[str, ...]:
    return code_values(column.codes) or column.allowed


def _say(words: str, language: str, **places: object) -> str:
    said = WORDS[words][LANGUAGES.index(language)]
    return said.format(**places) if places else said


def _meaning(column: Column, language: str) -> str:
    return (column.description_da or column.description) if language == "da" else column.description


def _example(column: Column, language: str) -> str | None:
    return _say("yes_no", language).partition(",")[0] if pa.types.is_boolean(column.type) else column.example


def _need(column: Column) -> str:
    return "required" if column.required else "asked" if column.asked else "optional"


def _kind(contract: Contract) -> str:
    return contract.name.removeprefix("deliveries.")


def _sheet_title(contract: Contract, language: str) -> str:
    return contract.label if language == "da" else _kind(contract)


def _write_headers(sheet: Worksheet, contract: Contract, language: str) -> None:
    for at, column in enumerate(contract.columns, 1):
        cell = sheet.cell(1, at, header(column, language))
        cell.font = Font(bold=True, color="FFFFFF")
        cell.fill = PatternFill("solid", start_color=FILLS[_need(column)])
        cell.alignment = Alignment(vertical="top", wrap_text=True)
    sheet.freeze_panes = "A2"


def _prepare(sheet: Worksheet, at: int, column: Column, listed: str | None, language: str) -> None:
    """Format, width, prompt and validation of a whole column; no cell is made, so that an empty row stays none."""
    letter = get_column_letter(at)
    dated, amount = pa.types.is_date(column.type), pa.types.is_decimal(column.type)
    wide = 40 if column.classification == "free_text" else 18
    sheet.column_dimensions[letter].width = max(wide, len(header(column, language)) + 2)
    sheet.column_dimensions[letter].number_format = DATE if dated else AMOUNT if amount else TEXT
    rule = _validation(column, listed, language)
    rule.promptTitle, rule.prompt = header(column, language)[:32], _meaning(column, language)[:255]
    rule.errorTitle, rule.error = _say("wrong", language), allowed(column, language)[:255]
    rule.showInputMessage = rule.showErrorMessage = True
    rule.add(f"{letter}2:{letter}{LAST_ROW}")
    sheet.add_data_validation(rule)


def _validation(column: Column, listed: str | None, language: str) -> DataValidation:
    if pa.types.is_date(column.type):
        low, high = ((bound - dt.date(1899, 12, 30)).days for bound in (column.minimum, column.maximum))
        return DataValidation("date", operator="between", formula1=str(low), formula2=str(high), allow_blank=True)
    if pa.types.is_decimal(column.type):
        return DataValidation("decimal", operator="greaterThanOrEqual", formula1=str(column.minimum), allow_blank=True)
    if pa.types.is_boolean(column.type):
        return DataValidation("list", formula1=f'"{_say("yes_no", language)}"', allow_blank=True)
    if listed:
        return DataValidation("list", formula1=listed, allow_blank=True)
    return DataValidation(None, allow_blank=True)


def _write_codes(book: openpyxl.Workbook, contract: Contract, language: str) -> dict[str, str]:
    """The sheet of codes, two columns a list; for each column of the delivery the range that its codes stand in."""
    coded = [column for column in contract.columns if _listed(column)]
    if not coded:
        return {}
    sheet, ranges = book.create_sheet(_say("codes", language)), {}
    for number, column in enumerate(coded):
        at, listed = 2 * number + 1, _listed(column)
        names = codes(column.codes)[f"name_{language}"].to_pylist() if column.codes else listed
        heads = [f"{header(column, language)}: {_say('code_heads', language)[0]}", _say("code_heads", language)[1]]
        for row, pair in enumerate([heads, *zip(listed, names, strict=True)], 1):
            for offset, words in enumerate(pair):
                sheet.cell(row, at + offset, words).number_format = TEXT
        for offset, width in enumerate((26, 52)):
            sheet.cell(1, at + offset).font = Font(bold=True)
            sheet.column_dimensions[get_column_letter(at + offset)].width = width
        letter = get_column_letter(at)
        ranges[column.name] = f"'{sheet.title}'!${letter}$2:${letter}${len(listed) + 1}"
    sheet.freeze_panes = "A2"
    return ranges


def _write_guide(sheet: Worksheet, contract: Contract, language: str) -> None:
    kind = _kind(contract)
    places = {"sheet": _sheet_title(contract, language), "row": ROW_WORDS[kind][LANGUAGES.index(language)], "kind": kind}
    lines = [_say(words, language, **places) for words in ("how", "name", "check", "made_up")]
    sheet.cell(1, 1, _sheet_title(contract, language)).font = Font(bold=True, size=14)
    for row, line in enumerate(lines, 2):
        sheet.cell(row, 1, line)
    top = len(lines) + 3
    for at, words in enumerate(_say("heads", language), 1):
        sheet.cell(top, at, words).font = Font(bold=True)
    for row, column in enumerate(contract.columns, top + 1):
        told = (
            header(column, language), _meaning(column, language), _say(_need(column), language), allowed(column, language),
            _example(column, language),
        )
        for at, words in enumerate(told, 1):
            cell = sheet.cell(row, at, words)
            cell.alignment, cell.number_format = Alignment(vertical="top", wrap_text=True), TEXT
        sheet.cell(row, 1).fill = PatternFill("solid", start_color=FILLS[_need(column)])
        sheet.cell(row, 1).font = Font(bold=True, color="FFFFFF")
    for letter, width in zip("ABCDE", (28, 62, 24, 44, 30), strict=True):
        sheet.column_dimensions[letter].width = width


def _timeless(content: bytes) -> bytes:
    """The same archive without the clock: every part dated alike, and no time of saving."""
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as source, zipfile.ZipFile(made, "w") as archive:
        for part in source.infolist():
            data = source.read(part)
            if part.filename == "docProps/core.xml":
                stamp = MADE.strftime("%Y-%m-%dT%H:%M:%SZ").encode()
                data = re.sub(rb"(<dcterms:modified[^>]*>)[^<]*", rb"\g<1>" + stamp, data)
            info = zipfile.ZipInfo(part.filename, ZIP_TIME)
            info.compress_type, info.create_system, info.external_attr = zipfile.ZIP_DEFLATED, 3, 0o644 << 16
            archive.writestr(info, data)
    return made.getvalue()
