"""Reading Excel workbooks: cells as people typed them, formulas never computed, archives judged before they are
opened."""

import datetime as dt
import io
import zipfile

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.participations import workbook_parts
from pipelines.participations.reading import Refused, read
from schemas.contract import load
from tests.pipelines.participations.drawing import CVRS, workbook

COMPANY = load("deliveries.company_participations")
CONTACTS = load("deliveries.company_contacts")
HEADER = ["CVR-nr.", "Projekt", "Startdato", "Slutdato", "Tilskud (kr.)", "Bemærkning"]
ROW = [1000004, "P1", dt.date(2010, 5, 1), dt.datetime(2010, 12, 31), 1234.5, "Så æblet"]


def test_cells_become_the_text_that_a_person_would_have_typed():
    found = read(workbook(("Ark1", [HEADER, ROW])), COMPANY)
    assert (found.format, found.encoding) == ("xlsx", None)
    assert found.cells.to_pylist() == [
        {
            "cvr": "1000004",
            "project": "P1",
            "start": "2010-05-01",
            "end": "2010-12-31",
            "support_dkk": "1234.5",
            "note": "Så æblet",
            "row": 2,
        }
    ]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (5, "5"),
        (5.0, "5"),
        (0.1, "0.1"),
        (1e15, "1000000000000000"),
        (1e-7, "0.0000001"),
        (True, "true"),
        (1.234, "1.2340"),
        (12.345, "12.3450"),
        (-0.5, "-0.5"),
        ("01000004", "01000004"),
        (" x ", " x "),
        (dt.time(10, 15), "10:15:00"),
    ],
)
def test_a_number_is_written_in_digits_and_never_with_exactly_three_decimals(value, text):
    cells = read(workbook(("Ark1", [HEADER, [*ROW[:4], value, "x"]])), COMPANY).cells
    assert cells["support_dkk"].to_pylist() == [text]


def test_formulas_and_errors_are_handed_on_as_text_that_begins_with_an_equals_sign():
    cells = read(workbook(("Ark1", [HEADER, [*ROW[:4], "=1+1", "x"], [*ROW[:4], "#REF!", "x"]])), COMPANY).cells
    assert cells["support_dkk"].to_pylist() == ["=", "="]


def test_empty_rows_are_skipped_hidden_ones_are_read_and_rows_keep_their_numbers():
    book = openpyxl.load_workbook(io.BytesIO(workbook(("Ark1", [[], HEADER, ROW, [], ["", None, ""], ROW, ROW]))))
    book["Ark1"].row_dimensions[7].hidden = True
    content = io.BytesIO()
    book.save(content)
    assert read(content.getvalue(), COMPANY).cells["row"].to_pylist() == [3, 6, 7]


def test_cells_that_hold_an_empty_text_make_no_row():
    plain = workbook(("Ark1", [HEADER, ROW, ["leftover"]]))
    emptied = rewritten(plain, "xl/worksheets/sheet1.xml", b"<t>leftover</t>", b"<t></t>")
    assert read(emptied, COMPANY).cells["row"].to_pylist() == [2]


def test_a_workbook_with_shared_strings_as_excel_writes_it_is_read():
    texts = [*HEADER[:5], "01000004", "P1", "01-05-2010", "æ\nø", ""]
    rows = [range(5), [5, 6, 7, 9, 8], [9, 9], [], [5, 6, 7, 9, 9]]
    cells = read(as_excel_writes(texts, rows), COMPANY).cells
    assert cells["cvr"].to_pylist() == ["01000004", "01000004"]
    assert cells["row"].to_pylist() == [2, 5]
    assert cells["support_dkk"].to_pylist() == ["æ\nø", ""]


def test_the_sheet_named_after_the_delivery_is_read_or_the_only_one_with_data():
    other = ("Vejledning", [["Udfyld venligst"]])
    for title in ("company_participations", "Virksomhedsdeltagelser", " COMPANY_participations"):
        assert read(workbook(other, (title, [HEADER, ROW])), COMPANY).cells.num_rows == 1
    assert read(workbook(("Tom", []), ("Ark1", [HEADER, ROW]), ("Også tom", [])), COMPANY).cells.num_rows == 1
    assert (
        refused(workbook(other, ("Ark1", [HEADER, ROW])))
        == "2 sheets hold something; call the one to be read company_participations"
    )


@pytest.mark.parametrize(
    ("sheets", "words"),
    [
        ([("Ark1", [])], "no sheet holds anything"),
        ([("company_participations", [])], "not even a header"),
        ([("Ark1", [HEADER, [*ROW, "x"]])], "row 2 holds values to the right of the last header"),
        ([("Ark1", [[*HEADER[:5], None, *HEADER[5:]], [*ROW[:5], "x"]])], "column 6 holds values but has no header"),
        ([("Ark1", [["0101405000", *HEADER[1:]], ROW])], "the header of column 1 is none of"),
        ([("Ark1", [HEADER[1:], ROW[1:]])], "the columns cvr are missing"),
    ],
)
def test_a_sheet_that_cannot_be_read_whole_is_refused(sheets, words):
    assert words in refused(workbook(*sheets))


def test_a_malformed_encrypted_or_foreign_archive_is_refused():
    content = workbook(("Ark1", [HEADER, ROW]))
    assert "not a complete archive" in refused(content[:-40])
    assert "malformed" in refused(rewritten(content, "xl/worksheets/sheet1.xml", b"</row>", b""))
    assert "old kind (.xls) or behind a password" in refused(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(100))
    other = io.BytesIO()
    with zipfile.ZipFile(other, "w") as archive:
        archive.writestr("word/document.xml", "x")
    assert "holds no Excel workbook" in refused(other.getvalue())
    flagged = bytearray(content)
    at = flagged.find(b"PK\x01\x02")
    flagged[at + 8] |= 1
    assert "encrypted" in refused(bytes(flagged))


def test_an_archive_that_unpacks_to_too_much_is_refused_before_it_is_opened(monkeypatch):
    content = workbook(("Ark1", [HEADER, ROW]))
    monkeypatch.setattr(workbook_parts, "LARGEST_UNPACKED", 1000)
    monkeypatch.setattr(zipfile.ZipFile, "open", lambda *_, **__: pytest.fail("a part of the archive was unpacked"))
    assert "unpacks to more than" in refused(content)


def test_rows_that_the_parser_does_not_see_are_noticed():
    hidden = b'<!--<row r="3"><c r="A3"><v>5</v></c></row>--></sheetData>'
    content = rewritten(workbook(("Ark1", [HEADER, ROW])), "xl/worksheets/sheet1.xml", b"</sheetData>", hidden)
    assert "1 rows were read where 2 were counted" in refused(content)


@settings(max_examples=15, deadline=None)
@given(
    st.lists(
        st.text(
            st.characters(min_codepoint=32, max_codepoint=0xFFFD, exclude_categories=("Cs", "Cf")), min_size=1, max_size=8
        ).filter(lambda text: not text.startswith(("=", "#", "_x"))),
        max_size=5,
    )
)
def test_whatever_text_stands_in_a_workbook_is_read_back(texts):
    rows = [["A", "01-05-2010", CVRS[0], text] for text in texts]
    cells = read(workbook(("Ark1", [["Aktør", "Dato", "CVR-nr.", "Formål"], *rows])), CONTACTS).cells
    assert cells["purpose"].to_pylist() == texts


def rewritten(content: bytes, part: str, old: bytes, new: bytes) -> bytes:
    """The archive with one part changed."""
    changed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as source, zipfile.ZipFile(changed, "w") as target:
        assert old in source.read(part)
        for name in source.namelist():
            text = source.read(name)
            target.writestr(name, text.replace(old, new) if name == part else text)
    return changed.getvalue()


def as_excel_writes(texts: list[str], rows: list) -> bytes:
    """A workbook of one sheet whose cells point into a table of shared strings; `rows` holds the pointers."""
    main = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006"
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    types = "".join(
        f'<Override PartName="/xl/{part}.xml" ContentType="{kind}.{name}+xml"/>'
        for part, name in (
            ("workbook", "sheet.main"),
            ("worksheets/sheet1", "worksheet"),
            ("sharedStrings", "sharedStrings"),
        )
    )
    links = "".join(
        f'<Relationship Id="r{n}" Type="{office}/{name}" Target="{target}"/>'
        for n, (name, target) in enumerate(
            (("worksheet", "worksheets/sheet1.xml"), ("sharedStrings", "sharedStrings.xml"))
        )
    )
    sheet = "".join(
        f'<row r="{n}" spans="1:6">'
        + "".join(f'<c r="{"ABCDE"[at]}{n}" s="0" t="s"><v>{to}</v></c>' for at, to in enumerate(row))
        + "</row>"
        for n, row in enumerate(rows, 1)
    )
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{package}/content-types">{types}</Types>',
        "_rels/.rels": f'<Relationships xmlns="{package}/relationships">'
        f'<Relationship Id="r" Type="{office}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook {main} xmlns:r="{office}"><sheets>'
        '<sheet name="Ark1" sheetId="1" r:id="r0"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{package}/relationships">{links}</Relationships>',
        "xl/worksheets/sheet1.xml": f"<worksheet {main}><sheetData>{sheet}</sheetData></worksheet>",
        "xl/sharedStrings.xml": f"<sst {main}>" + "".join(f"<si><t>{text}</t></si>" for text in texts) + "</sst>",
    }
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name, text in parts.items():
            archive.writestr(name, text)
    return content.getvalue()


def refused(content: bytes) -> str:
    with pytest.raises(Refused) as refusal:
        read(content, COMPANY)
    return str(refusal.value)
