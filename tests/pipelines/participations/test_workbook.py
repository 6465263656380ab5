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


SOUND = workbook(("Ark1", [HEADER, ROW, ROW]))
SHEET = "xl/worksheets/sheet1.xml"
GROWING = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]><'


@pytest.mark.parametrize("part", [SHEET, "xl/workbook.xml", "xl/styles.xml", "xl/_rels/workbook.xml.rels", "_rels/.rels"])
def test_a_part_that_declares_a_document_type_is_refused_before_an_entity_can_grow(part):
    assert "declares a document type" in refused(with_part(SOUND, part, lambda text: GROWING + text.lstrip().partition(b"<")[2]))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'<row r="3"', b'<row r="2"'),
        (b'<row r="2"', b'<row r="4"'),
        (b'<row r="3"', b'<row r="1048577"'),
        (b'<row r="3"', b'<row r="x"'),
        (b'r="B2"', b'r="A2"'),
        (b'r="B2"', b'r="XFE2"'),
        (b'r="B2"', b'r="AAAA2"'),
        (b'r="A2" t="n"', b'r="A2" t="s"'),
        (b'r="A2" t="n"', b'r="A2" t="?"'),
        (b'r="A2" t="n"', b'r="A2" t="n" s="99"'),
        (b"<v>1000004</v>", b"<v>10000O4</v>"),
    ],
)
def test_a_sheet_in_which_it_is_not_clear_what_a_cell_says_is_malformed(old, new):
    assert "malformed" in refused(with_part(SOUND, SHEET, lambda text: text.replace(old, new, 1)))


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_an_archive_with_two_parts_of_a_name_or_packed_as_no_excel_does_is_refused():
    content = io.BytesIO(SOUND)
    with zipfile.ZipFile(content, "a") as archive:
        archive.writestr(SHEET, b"<worksheet/>")
    assert "two parts of the same name" in refused(content.getvalue())
    assert "packed in a way that Excel does not know" in refused(with_part(SOUND, SHEET, bytes, zipfile.ZIP_BZIP2))


def test_an_archive_whose_directory_hides_how_much_it_unpacks_to_gives_no_more_than_it_says():
    content = bytearray(with_part(SOUND, SHEET, lambda text: text + b" " * 10**6, zipfile.ZIP_DEFLATED))
    at = content.rindex(SHEET.encode()) - 46
    assert content[at : at + 4] == b"PK\x01\x02"
    content[at + 24 : at + 28] = (500).to_bytes(4, "little")
    assert "malformed" in refused(bytes(content))


@pytest.mark.parametrize("name", ["../outside.txt", "xl/../../outside.txt", "/outside.txt", "\\outside.txt", "..\\outside.txt"])
def test_an_archive_that_names_a_place_outside_itself_is_refused(name):
    content = io.BytesIO(SOUND)
    with zipfile.ZipFile(content, "a") as archive:
        archive.writestr(name, "x")
    assert "names a part outside itself" in refused(content.getvalue())


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
    return with_part(content, part, lambda text: text.replace(old, new))


def with_part(content: bytes, part: str, change, packed: int = zipfile.ZIP_STORED) -> bytes:
    """The archive with one part changed, and packed in that way."""
    changed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as source, zipfile.ZipFile(changed, "w") as target:
        for name in source.namelist():
            text = source.read(name)
            new = change(text) if name == part else text
            assert name != part or new != text or packed
            target.writestr(name, new, packed if name == part else zipfile.ZIP_STORED)
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
