"""Reading delimited text: encodings, delimiters, row numbers, and each reason to refuse a file whole."""

import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.participations.delimited import count_rows, decode
from pipelines.participations.headers import match_headers
from pipelines.participations.reading import Refused, read
from schemas.contract import contracts, load
from tests.pipelines.participations.drawing import COMPANIES, CPRS, CVRS

COMPANY = load("deliveries.company_participations")
CONTACTS = load("deliveries.company_contacts")
HEADER = "CVR-nr.;Projekt;Startdato;Slutdato;Tilskud (kr.);Bemærkning\n"
ROW = f"{CVRS[0]};P1;01-05-2010;31-12-2010;5;Så æblet på øen\n"


@pytest.mark.parametrize(
    ("codec", "name"),
    [
        ("utf-8", "utf-8"),
        ("utf-8-sig", "utf-8-sig"),
        ("utf-16", "utf-16"),
        ("cp1252", "cp1252"),
    ],
)
def test_danish_letters_survive_every_encoding_and_the_encoding_is_recorded(codec, name):
    found = read((HEADER + ROW).encode(codec), COMPANY)
    assert (found.format, found.encoding) == ("csv", name)
    assert found.cells["note"].to_pylist() == ["Så æblet på øen"]


def test_utf_16_is_read_in_either_byte_order():
    for mark, codec in ((b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be")):
        assert decode(mark + "æ".encode(codec)) == ("utf-16", "æ".encode())


@pytest.mark.parametrize("delimiter", [";", ",", "\t"])
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_every_delimiter_and_line_break_gives_the_same_cells(delimiter, newline):
    text = (HEADER + ROW).replace(";", delimiter).replace("\n", newline)
    cells = read(text.encode(), COMPANY).cells.to_pylist()
    assert cells == [
        {
            "cvr": CVRS[0],
            "project": "P1",
            "start": "01-05-2010",
            "end": "31-12-2010",
            "support_dkk": "5",
            "note": "Så æblet på øen",
            "row": 2,
        }
    ]


def test_excels_own_first_line_names_the_delimiter_and_is_no_row():
    assert read(("sep=;\n" + COMPANIES).encode(), COMPANY).cells["row"].to_pylist() == [2, 3, 4]


@pytest.mark.parametrize(
    "headers",
    [
        "cvr;project;start;end;support_dkk",
        "CVR-NR.;PROJEKT;STARTDATO;SLUTDATO;TILSKUD (KR.)",
        " Cvr - nr. ;Projekt ;start dato;Slut\u00a0dato;Tilskud(kr.)",
        "CVR-nummer;Projektnr.;Begyndt;Afsluttet;Støtte",
        '"CVR-nr.";"Projekt";"Startdato";"Slutdato";"Tilskud (kr.)"',
        "CVR-nr.;Projekt;Pa\u030abegyndt;Slutdato;Tilskud",
    ],
)
def test_headers_are_known_by_name_label_or_synonym_case_and_blanks_aside(headers):
    cells = read(f"{headers}\n{CVRS[0]};P1;01-05-2010;;5\n".encode(), COMPANY).cells
    assert cells.column_names == ["cvr", "project", "start", "end", "support_dkk", "row"]


@pytest.mark.parametrize("contract", contracts("deliveries"), ids=lambda contract: contract.name)
def test_no_header_means_two_columns(contract):
    """Dots, hyphens and case aside, whatever one column may be called names no other."""
    for column in contract.columns:
        spelled = (column.name, column.label, *column.synonyms)
        others = [other.name for other in contract.columns if other is not column]
        assert all(match_headers([text, *others], contract)[0] is column for text in spelled)


def test_columns_may_come_in_any_order():
    text = f"Slutdato;Tilskud (kr.);CVR-nr.;Startdato;Projekt\n;5;{CVRS[0]};01-05-2010;P1\n"
    assert read(text.encode(), COMPANY).cells["project"].to_pylist() == ["P1"]


def test_a_quoted_cell_may_hold_the_delimiter_quotes_and_line_breaks_and_rows_keep_their_numbers():
    text = HEADER + f'{CVRS[0]};P1;01-05-2010;;5;"en; ""to""\ntre"\n\n;;;;;\n' + ROW
    cells = read(text.encode(), COMPANY).cells
    assert cells["note"].to_pylist() == ['en; "to"\ntre', "Så æblet på øen"]
    assert cells["row"].to_pylist() == [2, 5]


def test_a_quotation_mark_inside_a_cell_is_text():
    cells = read((HEADER + ROW.replace("Så", 'rør 5" og "to')).encode(), COMPANY).cells
    assert cells["note"].to_pylist() == ['rør 5" og "to æblet på øen']


def test_a_column_without_header_is_left_out_when_it_is_empty_and_refused_when_it_is_not():
    plain = "Aktør;Dato;CVR-nr.;;\n"
    assert read((plain + f"A;01-05-2010;{CVRS[0]};;\n").encode(), CONTACTS).cells.num_columns == 4
    refusal = refused((plain + f"A;01-05-2010;{CVRS[0]};;x\n").encode(), CONTACTS)
    assert refusal == "column 5 holds values but has no header"


def test_a_header_without_rows_has_no_rows():
    for text in (HEADER, HEADER.strip(), HEADER + "\n;;;;;\n"):
        assert read(text.encode(), COMPANY).cells.num_rows == 0


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"\xef\xbb\xbf", "the file is empty"),
        (b"\n\n\n", "the file is empty"),
        ((HEADER + ROW.replace("æ", "\0")).encode(), "NUL"),
        ((HEADER + ROW).encode("utf-16-le"), "NUL"),
        ((HEADER + ROW).encode() + b"\x81\x8d", "cannot be decoded"),
        (b"\xff\xfea", "cannot be decoded"),
        ((HEADER + ROW.replace("Så", '"Så')).encode(), "a quotation mark is opened and never closed"),
        (
            (HEADER + ROW.replace("Så", '"Så" ')).encode(),
            "a quotation mark stands in the middle of a quoted cell near line 2",
        ),
        ((HEADER + ROW + "x" * 200_000 + ";;;;;\n").encode(), "longer than 131,072 characters"),
        ((HEADER + ROW + f"{CVRS[1]};P1\n").encode(), "row 3 has 2 cells where the header has 6"),
        ((HEADER + ROW.strip() + ";x\n").encode(), "row 2 has 7 cells where the header has 6"),
        (
            ROW.encode(),
            "no header of company_participations; it must name cvr, project, start, end, support_dkk",
        ),
        (
            (HEADER.replace("Bemærkning", "0101405000") + ROW).encode(),
            "the header of column 6 is none of company_participations",
        ),
        ((HEADER.replace("Bemærkning", "CVR") + ROW).encode(), "two headers mean the same column: cvr"),
        ((HEADER.replace("Bemærkning", "CVR-nr.") + ROW).encode(), "two headers mean the same column: cvr"),
        (b"CVR-nr.;Startdato\n", "the columns project, end, support_dkk are missing"),
    ],
)
def test_a_file_that_cannot_be_read_whole_is_refused_in_one_sentence_without_values(content, words):
    refusal = refused(content, COMPANY)
    assert words in refusal
    assert "\n" not in refusal
    assert not any(value in refusal for value in (*CVRS, *CPRS, "æblet", "01-05-2010"))


def test_nothing_is_taken_for_a_number_a_date_or_a_missing_value_because_it_looks_like_one():
    looks = ("007", "1e5", "0x1F", "true", "NA", "null", "NaN", "None", "-", "2010-05-01", "1.0", "+1", "1_000")
    text = HEADER + "".join(f"{CVRS[0]};{look};01-05-2010;;;\n" for look in looks)
    assert read(text.encode(), COMPANY).cells["project"].to_pylist() == list(looks)


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("", 0),
        ("a;b", 1),
        ("a;b\n", 1),
        ("a;b\n\n;\n1;2", 2),
        ('"a\nb";c\n', 1),
        ('"a""\n""b";c\nd;e', 2),
        ('a;b"\nc;d\n', 2),
        ('a;"b\nc;d', 0),
        ('"";""\na;b', 1),
        ('"";";"\na;b', 2),
        ('"""";""\n;"\n"\n""', 2),
        ('a;"b\n\n\nc"\n', 1),
        ('5" rør;"\nx"\ny;z', 2),
        ('"a;b";"c\nd"\n', 1),
    ],
)
def test_the_independent_counter_counts_rows(text, rows):
    assert count_rows(io.StringIO(text, newline=""), ";") == rows


CELL = st.text(st.characters(exclude_characters="\0\r", exclude_categories=("Cs", "Cf")), max_size=8)  # Cf: nobody sees them


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(CELL, CELL), max_size=6), st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]))
def test_whatever_stands_in_quoted_cells_is_read_back_and_counted(rows, codec):
    lines = ["Aktør;Dato;CVR-nr.;Formål;Bemærkning"]
    lines += ["A;01-05-2010;1;" + ";".join('"' + cell.replace('"', '""') + '"' for cell in row) for row in rows]
    cells = read("\r\n".join(lines).encode(codec), CONTACTS).cells
    assert list(zip(cells["purpose"].to_pylist(), cells["note"].to_pylist(), strict=True)) == rows


def refused(content: bytes, contract) -> str:
    with pytest.raises(Refused) as refusal:
        read(content, contract)
    return str(refusal.value)
