"""Excel workbooks: what people do in them, and archives that are broken or made to do harm."""

import datetime as dt
import io
import struct
import zipfile

import openpyxl

from tests.pipelines.participations.corpus.archives import (
    BOOK,
    MAIN,
    OFFICE,
    SHEET,
    STRICT,
    STRINGS,
    book,
    formula,
    number,
    packed,
    parts,
    patched,
    relations,
    shared,
    sheet,
    styles,
    typed,
)
from tests.pipelines.participations.corpus.case import (
    COMPANY,
    HEADER,
    PERSON,
    PERSON_HEADER,
    Case,
    Outcome,
    empty,
    refused,
    row,
    taken,
)
from tests.pipelines.participations.corpus.cells import DAYS
from tests.pipelines.participations.drawing import CPRS, CVRS, workbook

GOOD, OTHER = row(), row(cvr=CVRS[1], project="P2")
BASE = {"form": "xlsx"}
MALFORMED = refused("the workbook is malformed; open it in Excel")
TWO_ROWS = taken(2, stored={"cvr": list(CVRS[:2])}, **BASE)
DOCTYPE = '<!DOCTYPE worksheet [<!ENTITY a "0101405000"><!ENTITY b SYSTEM "file:///etc/passwd">]>'


def plain(*rows, **options) -> str:
    """A sheet with the header and rows of text."""
    return sheet(HEADER, *rows, **options)


def start_of(*cells: str) -> list[list[str]]:
    """A row for each cell below Startdato, of different projects."""
    return [[*row(project=f"P{n}")[:2], cell, *GOOD[3:]] for n, cell in enumerate(cells, 1)]


def support_of(*cells: str) -> list[list[str]]:
    return [[*row(project=f"P{n}")[:4], cell, *GOOD[5:]] for n, cell in enumerate(cells, 1)]


def case(name: str, make, outcome: Outcome, kind: str = COMPANY) -> Case:
    return Case(name, make, outcome, kind, "xlsx")


def typed_by_hand() -> bytes:
    """As a person leaves it: dates by style, numbers as numbers, a frozen header, hidden rows and columns, a filter, a
    merged title cell to the right of nothing, colours, a comment."""
    rows = [[1000004, "P1", dt.date(2010, 5, 1), dt.datetime(2010, 12, 31, 8, 30), 1234.5, "tjek", "Så æblet"], [2555557, "P2", "1/5-2010", None, 0, None, None]]
    opened = openpyxl.load_workbook(io.BytesIO(workbook(("Ark1", [list(HEADER), *rows]), ("Ark2", []))))
    here = opened["Ark1"]
    here.freeze_panes, here.auto_filter.ref = "A2", "A1:G3"
    here.row_dimensions[3].hidden = here.column_dimensions["E"].hidden = True
    here["A1"].comment = openpyxl.comments.Comment("se 010140-5000", "nn")
    saved = io.BytesIO()
    opened.save(saved)
    return saved.getvalue()


def merged() -> bytes:
    """A project's name over two rows: Excel keeps the upper cell only."""
    return book(plain(GOOD, [CVRS[1], None, *GOOD[2:]], after='<mergeCells count="1"><mergeCell ref="B2:B3"/></mergeCells>'))


def dated(*rows: list[str], settings: str = "", formats=(14, "dd/mm/yyyy;@", '[$-406]d. mmmm yyyy;@', "0.00", "[h]:mm", '0 "dage"')) -> bytes:
    return book(plain(*rows), settings=settings, styles=styles(*formats))


def pointing(*pointers: str, entries=(*GOOD, *HEADER)) -> bytes:
    """A sheet whose cells point into the shared strings: the header, and a row of the pointers."""
    header = [typed("s", str(len(GOOD) + n)) for n in range(len(HEADER))]
    return book(sheet(header, [typed("s", at) for at in pointers]), strings=shared(*entries))


HUMAN = (
    case("a workbook as a person leaves it", typed_by_hand, taken(2, stored={"cvr": list(CVRS[:2]), "start": ["2010-05-01"] * 2, "end": ["2010-12-31", None], "support_dkk": ["1234.50", "0.00"]}, **BASE)),
    case("cells whose text stands in the sheet", lambda: book(plain(GOOD, OTHER)), TWO_ROWS),
    case("cells that point into a table of texts", lambda: pointing(*"0123456"), taken(1, stored={"cvr": [CVRS[0]]}, **BASE)),
    case(
        "rich text, and a reading beside it",
        lambda: pointing(*"0123456", entries=(f"<r><t>{CVRS[0][:4]}</t></r><r><rPr><b/></rPr><t>{CVRS[0][4:]}</t></r><rPh><t>x</t></rPh>", *GOOD[1:], *HEADER)),
        taken(1, stored={"cvr": [CVRS[0]]}, **BASE),
    ),
    case("dates by style", lambda: dated(*start_of(number(40299, 1), number("40299.5", 2), number("4.0299E4", 3))), taken(3, warnings=1, stored={"start": ["2010-05-01"] * 3})),
    case("a day's number that no style makes a date", lambda: dated(*start_of(number(40299), number(40299, 4), number(40299, 6))), taken(3, date_impossible=3)),
    case("a time, a duration and a day before 1900", lambda: dated(*start_of(number(0.5, 1), number(40299, 5), number(-1, 1))), taken(3, date_impossible=3)),
    case("days that Excel cannot show", lambda: dated(*start_of(number(2958466, 1), number("1E+300", 1), number("NaN", 1))), taken(3, quarantined=3, date_impossible=2, formula=1)),
    case("days counted from 1904", lambda: dated(*start_of(number(38837, 1)), settings='<workbookPr date1904="1"/>'), taken(1, stored={"start": ["2010-05-01"]})),
    case("dates as text, as Danes write them", lambda: book(plain(*([*row(project=f"P{n}")[:3], day, *GOOD[4:]] for n, day in enumerate(DAYS, 1)))), taken(len(DAYS), warnings=len(DAYS) - 2, stored={"end": list(DAYS.values())})),
    case("a date of ISO's own type", lambda: book(plain(*start_of(typed("d", "2010-05-01T00:00:00Z"), typed("d", "2010-05-01")))), taken(2, stored={"start": ["2010-05-01"] * 2})),
    case("numbers whose zero Excel dropped", lambda: book(sheet(PERSON_HEADER, [number(101405000), *GOOD[1:4], number(1000004), None])), taken(1, stored={"cpr": [CPRS[0]], "employer_cvr": [CVRS[0]]}), PERSON),
    case("numbers with an exponent", lambda: book(plain([number("1.000004E+6"), *GOOD[1:]], [number("2555557.0"), *OTHER[1:]])), TWO_ROWS),
    case("a number that Excel could not hold", lambda: book(sheet(PERSON_HEADER, [number("1.0E+9"), *GOOD[1:4], None, None])), taken(1, cpr_impossible=1), PERSON),
    case("amounts as numbers", lambda: dated(*support_of(number("1234.5", 4), number("0.1"), number("33333.333333333336"), number("1.234"), number("1E+3"))), taken(5, warnings=3, stored={"support_dkk": ["1234.50", "0.10", "33333.33", "1.23", "1000.00"]})),
    case("amounts as text", lambda: book(plain(*support_of("1.234,50", "kr. 1.234,-", "1,234"))), taken(3, number_impossible=1, rows=(4,))),
    case("formulas with the values they had", lambda: book(plain([formula("B2", CVRS[0]), *GOOD[1:]], *support_of(formula("1+1", 2), '><f t="shared" si="0"/><v>5</v></c>', "><f>1</f></c>"))), taken(4, formula=4)),
    case("a formula in a note", lambda: book(plain([*GOOD[:6], formula('"se "&A2', "x")])), taken(1, formula=1)),
    case("errors, and yes and no, where numbers belong", lambda: book(plain(*support_of(typed("e", "#N/A"), typed("b", "1"), typed("e", "#REF!")))), taken(3, quarantined=3, formula=2, number_impossible=1)),
    case("yes and no as Excel writes them", lambda: book(sheet(PERSON_HEADER, [CPRS[0], *GOOD[1:4], None, typed("b", "1")], [CPRS[1], *GOOD[1:4], None, typed("b", "0")])), taken(2, stored={"completed": ["True", "False"]}), PERSON),
    case("hidden rows are read", lambda: book(plain(GOOD, OTHER, attributes=' hidden="1"')), TWO_ROWS),
    case("merged cells hold their value once", merged, taken(2, missing_value=1, rows=(3,))),
    case("empty rows between, rows keep their numbers", lambda: book(plain(GOOD, [], [None] * 7, [*GOOD[:4], number(-1), *GOOD[5:]])), taken(2, negative_amount=1, rows=(5,))),
    case("cells with a style and nothing in them", lambda: book(plain(GOOD, [' s="1"></c>'] * 9, OTHER), styles=styles(14)), TWO_ROWS),
    case("a sheet that begins further down and to the right", lambda: book(sheet([None, None, *HEADER], [None, None, *GOOD], first=4)), taken(1)),
    case("a title above the header", lambda: book(sheet(["Deltagere 2010"], HEADER, GOOD)), refused("no header of company_participations")),
    case("the sheet that bears the delivery's name", lambda: book(("Vejledning", sheet(["Udfyld"])), ("Virksomhedsdeltagelser", plain(GOOD))), taken(1)),
    case("two sheets that hold something", lambda: book(plain(GOOD), plain(OTHER)), refused("2 sheets hold something; call the one to be read")),
    case("one sheet of three that holds something", lambda: book(sheet(), plain(GOOD, OTHER), sheet([])), TWO_ROWS),
    case("a header and no rows", lambda: book(plain()), empty("xlsx")),
    case("an empty workbook", lambda: book(sheet()), refused("no sheet holds anything")),
    case("values to the right of the header", lambda: book(plain([*GOOD, "x"])), refused("row 2 holds values to the right of the last header")),
    case("values below no header", lambda: book(sheet([*HEADER[:5], None, HEADER[6]], [*GOOD[:5], "x", "y"])), refused("column 6 holds values but has no header")),
    case("a number for a header", lambda: book(sheet([*HEADER, CPRS[0]], GOOD)), refused("the header of column 8 is none of")),
    case("a number in a note, over two runs", lambda: pointing(*"0123456", entries=(*GOOD[:6], f"<r><t>{CPRS[0][:5]}</t></r><r><t>{CPRS[0][5:]}</t></r>", *HEADER)), taken(1, raw_number_in_text=1)),
    case("signs that XML cannot hold", lambda: book(plain([*GOOD[:6], "a_x0000_b_x000D_c_x0009_d"])), taken(1)),
    case("a sheet of 16,384 columns", lambda: book(plain([*GOOD, *[None] * 16_376, ' s="0"></c>'])), taken(1)),
)


def lying() -> bytes:
    """Its directory says that a part is smaller than it is."""
    content = book(plain(GOOD) + " " * 100_000)
    return patched(content, b"PK\x01\x02" + content[content.rindex(b"PK\x01\x02") + 4 :][:16], 24, struct.pack("<I", 400))


def bomb() -> bytes:
    """The same part of 16 MB of blanks thirty times, in half a megabyte."""
    return packed(parts(plain(GOOD)) | {f"xl/media/{n}.bin": bytes(2**24) for n in range(17)})


def twins() -> bytes:
    content = packed(parts(plain(GOOD)) | {"xl/worksheets/sheet2.xml": plain(OTHER)})
    return content.replace(b"sheet2.xml", b"sheet1.xml")


def renamed(name: str, **changes) -> bytes:
    """A workbook with one more part, or with parts replaced."""
    return packed(parts(plain(GOOD)) | {name: changes.get("text", "x")})


def sheet_is(xml: str | bytes) -> bytes:
    return packed(parts("") | {SHEET: xml})


def of_rows(*inner: str) -> bytes:
    """A workbook whose sheet has a header and then whatever XML is given."""
    return sheet_is(plain().replace("</sheetData>", "".join(inner) + "</sheetData>"))


HARM = (
    case("cut short", lambda: book(plain(GOOD))[:-30], refused("not a complete archive")),
    case("its first half", lambda: (lambda whole: whole[: len(whole) // 2])(book(plain(GOOD))), refused("not a complete archive")),
    case("two letters of an archive", lambda: b"PK", refused("not a complete archive")),
    case("an archive of nothing", lambda: packed({}), refused("no Excel workbook")),
    case("a Word document", lambda: packed({"word/document.xml": "<x/>", "_rels/.rels": relations(("r", "officeDocument", "word/document.xml"))}), refused("no Excel workbook")),
    case("an OpenDocument sheet", lambda: packed({"mimetype": "application/vnd.oasis.opendocument.spreadsheet", "content.xml": "<x/>"}), refused("no Excel workbook")),
    case("a binary workbook (.xlsb)", lambda: packed({"_rels/.rels": relations(("r", "officeDocument", "xl/workbook.bin")), "xl/workbook.bin": b"\x83\x01"}), refused("no Excel workbook")),
    case("a delimited file in an archive", lambda: packed({"nord.csv": ";".join(HEADER)}), refused("no Excel workbook")),
    case("behind a password", lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(4096), refused("of the old kind (.xls) or behind a password")),
    case("an encrypted part", lambda: patched(book(plain(GOOD)), b"PK\x01\x02", 8, b"\x01\x00"), refused("the archive is encrypted")),
    case("a bomb of many parts", bomb, refused("unpacks to more than 256 MB")),
    case("a part larger than its directory says", lying, MALFORMED),
    case("a part whose bytes were changed", lambda: patched(packed(parts(plain(GOOD)), zipfile.ZIP_STORED), b"<row", 0, b"<rox"), MALFORMED),
    case("packed with bzip2", lambda: packed(parts(plain(GOOD)), zipfile.ZIP_BZIP2), refused("packed in a way that Excel does not know")),
    case("a part outside itself", lambda: renamed("../../evil.xml"), refused("names a part outside itself")),
    case("a part outside itself, as Windows writes it", lambda: renamed("xl\\..\\..\\evil.xml"), refused("names a part outside itself")),
    case("a part at the root of the disk", lambda: renamed("/etc/cron.d/evil"), refused("names a part outside itself")),
    case("two parts of one name", twins, refused("two parts of the same name")),
    case("a sheet that lies outside the archive", lambda: renamed("xl/_rels/workbook.xml.rels", text=relations(("r1", "worksheet", "../../../../etc/passwd"))), MALFORMED),
    case("a sheet on the web", lambda: renamed("xl/_rels/workbook.xml.rels", text=relations(("r1", "worksheet", "http://example.invalid/x"), mode=' TargetMode="External"')), MALFORMED),
    case("a sheet that is not there", lambda: renamed("xl/_rels/workbook.xml.rels", text=relations()), MALFORMED),
    case("entities", lambda: sheet_is(DOCTYPE + plain([*GOOD[:6], ' t="inlineStr"><is><t>&a;&b;</t></is></c>'])), refused("declares a document type")),
    case("entities in UTF-16", lambda: sheet_is((DOCTYPE + plain(GOOD)).encode("utf-16")), refused("declares a document type")),
    case("entities in the shared strings", lambda: packed(parts(plain(GOOD), strings="") | {STRINGS: DOCTYPE + shared("&a;")}), refused("declares a document type")),
    case("entities in the workbook's own part", lambda: renamed(BOOK, text=DOCTYPE + parts(plain())[BOOK]), refused("declares a document type")),
    case("a sheet in UTF-16", lambda: sheet_is(plain(GOOD).encode("utf-16")), refused("rows were read where")),
    case("XML that ends too early", lambda: sheet_is(plain(GOOD)[:-30]), MALFORMED),
    case("XML that is none", lambda: sheet_is("CVR-nr.;Projekt\n"), MALFORMED),
    case("a sheet of no bytes", lambda: sheet_is(""), MALFORMED),
    case("elements 100,000 deep", lambda: sheet_is(plain(GOOD, after="<a>" * 100_000 + "</a>" * 100_000)), taken(1)),
    case("a row that only a comment holds", lambda: of_rows('<!--<row r="2"><c r="A2"><v>5</v></c></row>-->'), refused("0 rows were read where 1 were counted")),
    case("a row inside a row", lambda: of_rows('<row r="2"><c r="A2"><v>5</v></c><row r="3"><c r="A3"><v>5</v></c></row></row>'), MALFORMED),
    case("rows out of order", lambda: of_rows('<row r="3"><c r="A3"><v>5</v></c></row><row r="2"><c r="A2"><v>5</v></c></row>'), MALFORMED),
    case("a row twice", lambda: of_rows('<row r="2"><c r="A2"><v>5</v></c></row>' * 2), MALFORMED),
    case("a cell twice", lambda: of_rows('<row r="2"><c r="A2"><v>5</v></c><c r="A2"><v>6</v></c></row>'), MALFORMED),
    case("a row below the last that Excel has", lambda: of_rows('<row r="9999999"><c r="A9999999"><v>5</v></c></row>'), MALFORMED),
    case("a cell right of the last that Excel has", lambda: of_rows('<row r="2"><c r="ZZZ2"><v>5</v></c></row>'), MALFORMED),
    case("a cell that lies nowhere", lambda: of_rows('<row r="2"><c r="åå"><v>5</v></c></row>'), MALFORMED),
    case("a pointer beyond the shared strings", lambda: pointing(*"01234", "99", "6"), MALFORMED),
    case("a pointer below nothing", lambda: pointing(*"01234", "-1", "6"), MALFORMED),
    case("a style that is not there", lambda: book(plain(*support_of(number(5, 99))), styles=styles(14)), MALFORMED),
    case("a cell of no known type", lambda: book(plain(*support_of(typed("q", "5")))), MALFORMED),
    case("a number that is none", lambda: book(plain(*support_of(number("0101405000x")))), MALFORMED),
    case("a number of 5,000 digits", lambda: book(plain(*support_of(number("9" * 5_000)))), taken(1, number_impossible=1)),
    case("strict Open XML", lambda: packed({name: part.replace(MAIN, STRICT).replace(OFFICE, "http://purl.oclc.org/ooxml/officeDocument/relationships") for name, part in parts(plain(GOOD, OTHER)).items()}), TWO_ROWS),
    case("elements with a prefix", lambda: sheet_is(plain(GOOD, OTHER).replace("<", "<x:").replace("<x:/", "</x:").replace("xmlns=", "xmlns:x=")), TWO_ROWS),
    case("macros beside the sheet", lambda: renamed("xl/vbaProject.bin"), taken(1)),
)
CASES = HUMAN + HARM
