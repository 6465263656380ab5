"""A template is made from its contract, the same each time; filled in, it is read by the gateway and every row accepted."""

import datetime as dt
import io
import zipfile
from decimal import Decimal

import openpyxl
import pyarrow as pa
import pytest

from pipelines.participations import check
from pipelines.participations.template import LANGUAGES, TemplateError, header, template, write_template
from schemas.contract import code_values, contracts, load
from tests.pipelines.participations.drawing import CPRS, CVRS, KINDS, put

BOTH = [(kind, language) for kind in KINDS for language in LANGUAGES]


def opened(kind: str, language: str = "da") -> openpyxl.Workbook:
    return openpyxl.load_workbook(io.BytesIO(template(load(f"deliveries.{kind}"), language)))


def filled(book: openpyxl.Workbook, rows: list[list[object]]) -> bytes:
    """The book with rows under the header of its first sheet, each cell formatted as its column is, as Excel does."""
    sheet = book.worksheets[0]
    for at, row in enumerate(rows, 2):
        for column, value in enumerate(row, 1):
            cell = sheet.cell(at, column, value)
            cell.number_format = sheet.column_dimensions[openpyxl.utils.get_column_letter(column)].number_format
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def typed(column) -> object:
    """The column's example as Excel keeps what a person typed: a date, a number, or a text."""
    if pa.types.is_date(column.type):
        return dt.datetime.strptime(column.example, "%d-%m-%Y")
    if pa.types.is_decimal(column.type):
        return float(Decimal(column.example.replace(".", "").replace(",", ".")))
    return column.example


@pytest.mark.parametrize(("kind", "language"), BOTH)
def test_a_filled_in_template_is_read_back_and_its_rows_accepted(tmp_path, kind, language):
    columns = load(f"deliveries.{kind}").columns
    for number, form in enumerate((typed, lambda column: column.example)):  # as numbers and dates, and all as text
        file = put(tmp_path, f"nord_{kind}_{number}.xlsx", filled(opened(kind, language), [[form(one) for one in columns]]))
        receipt = check(file, kind, synthetic=True)
        assert (receipt.status, receipt.read, receipt.accepted, receipt.by_rule) == ("taken", 1, 1, {})


@pytest.mark.parametrize("kind", KINDS)
def test_an_empty_template_is_an_empty_delivery(tmp_path, kind):
    file = put(tmp_path, f"nord_{kind}_1.xlsx", template(load(f"deliveries.{kind}")))
    assert check(file, kind, synthetic=True).status == "empty"


@pytest.mark.parametrize(("kind", "language"), BOTH)
def test_the_data_sheet_comes_first_named_with_a_frozen_header(kind, language):
    contract = load(f"deliveries.{kind}")
    sheet = opened(kind, language).worksheets[0]
    assert sheet.title == (contract.label if language == "da" else kind)
    assert [cell.value for cell in sheet[1]] == [header(column, language) for column in contract.columns]
    assert sheet["A1"].value == {"da": contract.columns[0].label, "en": contract.columns[0].name}[language]
    assert (sheet.freeze_panes, sheet.max_row) == ("A2", 1)


@pytest.mark.parametrize("kind", KINDS)
def test_numbers_of_companies_and_persons_are_text_so_that_leading_zeros_stay(kind):
    sheet = opened(kind).worksheets[0]
    formats = [sheet.column_dimensions[openpyxl.utils.get_column_letter(at)].number_format for at in range(1, sheet.max_column + 1)]
    for column, form in zip(load(f"deliveries.{kind}").columns, formats, strict=True):
        dated, amount = pa.types.is_date(column.type), pa.types.is_decimal(column.type)
        assert form == ("dd-mm-yyyy" if dated else "#,##0.00" if amount else "@"), column.name


@pytest.mark.parametrize(("kind", "language"), BOTH)
def test_a_column_of_codes_offers_exactly_the_codes_of_the_contract(kind, language):
    book = opened(kind, language)
    offered = {}
    for rule in book.worksheets[0].data_validations.dataValidation:
        letter = str(rule.sqref)[0]
        assert str(rule.sqref) == f"{letter}2:{letter}1048576"
        if rule.type == "list" and rule.formula1.startswith("'"):
            place, _, cells = rule.formula1.partition("!")
            offered[letter] = [cell.value for (cell,) in book[place.strip("'")][cells.replace("$", "")]]
        elif rule.type == "list":
            offered[letter] = rule.formula1.strip('"').split(",")
    expected = {}
    for letter, column in zip("ABCDEFGHIJ", load(f"deliveries.{kind}").columns, strict=False):
        if listed := code_values(column.codes) or column.allowed:
            expected[letter] = list(listed)
        elif column.physical == "BOOLEAN":
            expected[letter] = ["ja", "nej"] if language == "da" else ["yes", "no"]
    assert offered == expected


@pytest.mark.parametrize(("kind", "language"), BOTH)
def test_a_sheet_explains_each_column_in_the_language_with_an_example(kind, language):
    guide = opened(kind, language)[{"da": "Vejledning", "en": "Guide"}[language]]
    told = {row[0]: row[1:5] for row in guide.iter_rows(values_only=True)}
    for column in load(f"deliveries.{kind}").columns:
        meaning, needed, may_hold, example = told[header(column, language)]
        assert meaning == (column.description_da if language == "da" else column.description)
        assert needed.startswith({"da": "ja", "en": "yes"}[language] if column.required else {"da": "nej", "en": "no"}[language])
        assert may_hold
        assert example == ("yes" if (column.physical, language) == ("BOOLEAN", "en") else column.example)


def test_every_delivered_column_has_a_danish_description_and_an_example_and_no_number_in_it_is_real(tmp_path):
    for contract in contracts("deliveries"):
        kind = contract.name.removeprefix("deliveries.")
        assert all(column.description_da and column.example for column in contract.columns)
        row = [column.example for column in contract.columns]
        receipt = check(put(tmp_path, f"a_{kind}_1.xlsx", filled(opened(kind), [row])), kind, synthetic=False)
        raw = sum(column.classification == "raw" for column in contract.columns)
        assert receipt.by_rule == ({"synthetic_in_real": 1} if raw else {})
        assert sum(rule == "synthetic_in_real" for rule in receipt.findings["rule"].to_pylist()) == raw


def test_the_same_contract_gives_the_same_bytes_and_no_time_of_the_day():
    first = template(load("deliveries.person_participations"))
    assert template(load("deliveries.person_participations")) == first
    with zipfile.ZipFile(io.BytesIO(first)) as archive:
        assert {part.date_time for part in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert str(dt.date.today().year) not in archive.read("docProps/core.xml").decode()


def test_a_cpr_number_typed_as_a_number_gets_its_zero_back(tmp_path):
    row = [int(CPRS[0]), "P1", dt.date(2010, 5, 1), None, int(CVRS[0]), "ja"]
    file = put(tmp_path, "a_person_participations_1.xlsx", filled(opened("person_participations"), [row]))
    assert check(file, "person_participations", synthetic=True).by_rule == {}


def test_a_file_that_is_there_is_left_unless_it_is_to_be_replaced(tmp_path):
    to = put(tmp_path, "t.xlsx", "mine")
    with pytest.raises(TemplateError, match="--overwrite"):
        write_template("targets", to)
    assert to.read_text() == "mine"
    assert write_template("targets", to, overwrite=True).read_bytes() == template(load("deliveries.targets"))


@pytest.mark.parametrize(("name", "told"), [("t.csv", "ends with .xlsx"), ("no/t.xlsx", "no directory")])
def test_a_name_that_cannot_be_written_is_told(tmp_path, name, told):
    with pytest.raises(TemplateError, match=told):
        write_template("targets", tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_another_language_is_refused():
    with pytest.raises(ValueError, match="da, en"):
        template(load("deliveries.targets"), "de")
