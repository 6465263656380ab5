"""Delimited files as people and programs write them: encodings, separators, quotes, rows and headers. What cells say is
in `cells`."""

import gzip

from tests.pipelines.participations.corpus.case import (
    CONTACT,
    HEADER,
    PERSON,
    PERSON_HEADER,
    Case,
    again,
    empty,
    lines,
    person,
    refused,
    row,
    taken,
)
from tests.pipelines.participations.drawing import CPRS, CVRS, INITIATIVES, PROJECTS

TWO = (row(support="1234,50", note="Så æblet på øen"), row(cvr=CVRS[1], project="P2"))
TEXT = lines(*TWO)
ONE = lines(row())
QUOTED = '"' + TEXT.strip().replace(";", '";"').replace("\n", '"\n"') + '"\n'
SPELLED = {
    "as the contract calls them": ("cvr", "project", "start", "end", "support_dkk", "activity", "note"),
    "in English": ("CVR no.", "Project", "Start date", "End date", "Support (DKK)", "Activity", "Note"),
    "by their synonyms": ("CVR-nummer", "Projektnr.", "Påbegyndt", "Afsluttet", "Støtte", "Forløb", "Kommentar"),
    "in capitals": tuple(label.upper() for label in HEADER),
    "with blanks in odd places": (" CVR - nr.", "Projekt ", "Start dato", "Slut\u00a0dato", "Tilskud(kr.)", "\tAktivitet", "Bemærkning"),
    "with letters and rings apart": ("CVR-nr.", "Projekt", "Pa\u030abegyndt", "Slutdato", "Tilskud", "Aktivitet", "Bemærkning"),
    "with signs that nobody sees": ("\u200bCVR-nr.", "Pro\u00adjekt", "Startdato\u200e", "\u2060Slutdato", "Tilskud", "Aktivitet", "Bemærkning\ufeff"),
    "with other dots and hyphens": ("CVR-nr", "Projekt.", "Start-dato", "Slut_dato", "Tilskud kr", "Aktivitet:", "Bemærkning:"),
    "over two lines": ('"CVR-\nnr."', "Projekt", '"Start\ndato"', "Slutdato", "Tilskud", "Aktivitet", "Bemærkning"),
    "in quotation marks": tuple(f'"{label}"' for label in HEADER),
}
UTF_8, WHOLE = {"form": "csv", "encoding": "utf-8"}, {"stored": {"cvr": list(CVRS[:2]), "support_dkk": ["1234.50", "5.00"]}}


def commas() -> bytes:
    rows = (row(support='"1.234,50"', note='"æbler, pærer"'), row(cvr=CVRS[1], project="P2"))
    return lines(*rows, separator=",").encode()


ENCODINGS = (
    Case("semicolons and UTF-8", lambda: TEXT.encode(), taken(2, **UTF_8, **WHOLE)),
    Case("commas, with quotation marks around decimals", commas, taken(2, **UTF_8, **WHOLE)),
    Case("tabs", lambda: TEXT.replace(";", "\t").encode(), taken(2, **UTF_8, **WHOLE)),
    Case("a separator that Excel names in the first line", lambda: b"sep=;\r\n" + TEXT.encode(), taken(2, **WHOLE)),
    Case("a byte order mark", lambda: TEXT.encode("utf-8-sig"), taken(2, encoding="utf-8-sig", **WHOLE)),
    Case("two byte order marks", lambda: b"\xef\xbb\xbf" + TEXT.encode("utf-8-sig"), taken(2, encoding="utf-8-sig", **WHOLE)),
    Case("UTF-16, little end first", lambda: b"\xff\xfe" + TEXT.encode("utf-16-le"), taken(2, encoding="utf-16", **WHOLE)),
    Case("UTF-16, big end first", lambda: b"\xfe\xff" + TEXT.encode("utf-16-be"), taken(2, encoding="utf-16", **WHOLE)),
    Case(
        "Excel's Unicode text: UTF-16, tabs and CRLF",
        lambda: TEXT.replace(";", "\t").replace("\n", "\r\n").encode("utf-16"),
        taken(2, encoding="utf-16", **WHOLE),
    ),
    Case("Windows' cp1252", lambda: TEXT.replace("øen", "øen – 5 €").encode("cp1252"), taken(2, encoding="cp1252", **WHOLE)),
    Case("UTF-16 without a mark", lambda: TEXT.encode("utf-16-le"), refused("NUL")),
    Case("UTF-32", lambda: TEXT.encode("utf-32"), refused("NUL")),
    Case("UTF-16 that ends in the middle of a sign", lambda: TEXT.encode("utf-16")[:-1], refused("cannot be decoded")),
    Case("UTF-16 with half a pair", lambda: TEXT.encode("utf-16") + b"\x00\xd8\n\x00", refused("cannot be decoded")),
    Case("a marked UTF-8 that is none", lambda: TEXT.encode("utf-8-sig") + b"\xff\xfe\xfa", refused("cannot be decoded")),
    Case("bytes that no encoding knows", lambda: TEXT.encode("cp1252") + b"\x81\x8d\x8f", refused("cannot be decoded")),
    Case("UTF-8 whose letters were broken by an earlier save", lambda: TEXT.encode().decode("cp1252").encode(), refused("header of column 7")),
    Case("a NUL in a cell", lambda: TEXT.replace("æb", "\0").encode(), refused("NUL")),
    Case("NULs after the last row", lambda: TEXT.encode() + bytes(512), refused("NUL")),
    Case("random bytes", lambda: bytes(range(255, -1, -1)) * 4, refused("cannot be decoded")),
    Case("another program's format: gzip", lambda: gzip.compress(TEXT.encode(), mtime=0), refused("the ")),
    Case("another program's format: PDF", lambda: b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n", refused("no header of company_participations")),
    Case("a web page called .xls", lambda: b"<html><table><tr><td>CVR-nr.</td></tr></table>", refused("no header")),
    Case("JSON", lambda: f'[{{"cvr": "{CVRS[0]}"}}]'.encode(), refused("no header")),
)
ROWS = (
    Case("CRLF", lambda: TEXT.replace("\n", "\r\n").encode(), taken(2, **WHOLE)),
    Case("CR alone", lambda: TEXT.replace("\n", "\r").encode(), taken(2, **WHOLE)),
    Case("all three line ends in one file", lambda: TEXT.replace("\n", "\r\n", 1).replace("5;;\n", "5;;\r").encode(), taken(2, **WHOLE)),
    Case("no line end after the last row", lambda: TEXT.strip().encode(), taken(2, **WHOLE)),
    Case("empty lines at the end", lambda: TEXT.encode() + b"\n\r\n\n\n", taken(2, **WHOLE)),
    Case("rows of separators at the end", lambda: TEXT.encode() + b";;;;;;\n" * 20 + b'"";;;;;;\n', taken(2, **WHOLE)),
    Case(
        "empty lines before, between and after; rows keep their numbers",
        lambda: ("\n;;;;;;\n" + ONE + "\n\n" + ";".join(row(cvr="01000005")) + "\n").encode(),
        taken(2, cvr_check_digit=1, rows=(7,)),
    ),
    Case("a row of a quoted separator is a row", lambda: (ONE + ';;;;;;";"\n"";;;;;;\n;;;;;;""""\n').encode(), taken(3, missing_value=2, rows=(3, 5))),
    Case("a row of blanks is a row", lambda: (ONE + " ;;\t;;;;\n").encode(), taken(2, missing_value=1, rows=(3,))),
    Case(
        "a sum below the rows",
        lambda: (ONE + "I alt;;;;1.000;;\n").encode(),
        taken(2, quarantined=1, rows=(3,), cvr_format=1, missing_value=1),
    ),
    Case(
        "line breaks and quotation marks in a quoted cell; rows keep their numbers",
        lambda: lines(row(note='"to\nlinjer; ""tre""\r\nog\rfire"'), row(cvr="01000005")).encode(),
        taken(2, cvr_check_digit=1, rows=(3,)),
    ),
    Case("every cell in quotation marks", lambda: QUOTED.encode(), taken(2, **WHOLE)),
    Case("a quotation mark inside a cell", lambda: lines(row(note='rør 5" og "to'), row(cvr=CVRS[1])).encode(), taken(2)),
    Case("separators of others in the cells", lambda: lines(row(note="a,b,c,d\te,f"), row(cvr=CVRS[1], note="g,h")).encode(), taken(2)),
    Case("a quotation mark that never closes", lambda: lines(row(note='"åben'), row()).encode(), refused("opened and never closed")),
    Case("a quotation mark that opens the last cell", lambda: (TEXT.strip() + '"').replace('"', ';"', 1).encode(), refused("never closed")),
    Case("text after a closing quotation mark", lambda: lines(row(note='"a" b')).encode(), refused("middle of a quoted cell near line 2")),
    Case("a quotation mark escaped by a backslash", lambda: lines(row(note='"a \\" b"')).encode(), refused("quoted cell near line 2")),
    Case("a row too short", lambda: (TEXT + f"{CVRS[2]};P1\n").encode(), refused("row 4 has 2 cells where the header has 7")),
    Case("a row too long", lambda: (TEXT + ";".join([*row(), "x"]) + "\n").encode(), refused("row 4 has 8 cells")),
    Case("a separator after each row but the header", lambda: TEXT.replace(";5;;", ";5;;;").encode(), refused("row 3 has 8 cells")),
    Case("a separator after each row and the header", lambda: TEXT.replace("\n", ";\n").encode(), taken(2, **WHOLE)),
    Case("a comma too many where decimals have no quotation marks", lambda: TEXT.replace(";", ",").encode(), refused("row 2 has 8 cells")),
    Case("line breaks that only some programs know", lambda: lines(row(note="a\u2028b\u2029c\x85d\x0be\x0cf\x1cg\x1eh")).encode(), taken(1)),
    Case("control signs in a cell", lambda: lines(row(note="\x01\x02\x07\x1b[31m\x7f")).encode(), taken(1)),
    Case("a cell of 100,000 signs", lambda: lines(row(note="æ" * 100_000)).encode(), taken(1)),
    Case("a cell of 200,000 signs", lambda: lines(row(note="x" * 200_000)).encode(), refused("longer than 131,072 characters")),
    Case("50,000 empty lines", lambda: ONE.encode() + b"\n" * 50_000, taken(1)),
    Case(
        "10,000 rows with one that is wrong",
        lambda: lines(*(row(project=f"P{n}") for n in range(10_000)), row(cvr="01000005")).encode(),
        taken(10_001, cvr_check_digit=1, rows=(10_002,), warnings=9_998),
    ),
)
HEADERS = (
    *(
        Case(f"headers {how}", lambda labels=labels: lines(*TWO, header=labels).encode(), taken(2, **WHOLE))
        for how, labels in SPELLED.items()
    ),
    Case("columns in another order", lambda: lines(*(cells[::-1] for cells in TWO), header=HEADER[::-1]).encode(), taken(2, **WHOLE)),
    Case("a header and no rows", lambda: lines().encode(), empty("csv")),
    Case("a header without line end", lambda: lines().strip().encode(), empty("csv")),
    Case("a header and rows of separators", lambda: lines().encode() + b"\r\n;;;;;;\r\n\r\n", empty("csv")),
    Case("an empty file", lambda: b"", refused("the file is empty")),
    Case("a byte order mark and nothing else", lambda: b"\xef\xbb\xbf", refused("the file is empty")),
    Case("line breaks and nothing else", lambda: b"\r\n" * 9, refused("the file is empty")),
    Case("separators and nothing else", lambda: b";;;;\n" * 9, refused("no header")),
    Case("blanks and nothing else", lambda: b"  \t \n", refused("no header")),
    Case("no header", lambda: TEXT.partition("\n")[2].encode(), refused("the first row holds no header of company_participations")),
    Case("a title above the header", lambda: b"Deltagere i 2010;;;;;;\n" + TEXT.encode(), refused("no header of company_participations")),
    Case("a comment above the header", lambda: b"# fra systemet\n" + TEXT.encode(), refused("no header of company_participations")),
    Case("a header of another delivery", lambda: PROJECTS.encode(), refused("the header of column")),
    Case("an unknown header", lambda: TEXT.replace("Aktivitet", "Telefon").encode(), refused("the header of column 6 is none of")),
    Case("a number for a header", lambda: TEXT.replace("Aktivitet", CPRS[1]).encode(), refused("the header of column 6 is none of")),
    Case("a header twice", lambda: TEXT.replace("Aktivitet", "CVR-nr.").encode(), refused("two headers mean the same column: cvr")),
    Case("two headers of one meaning", lambda: TEXT.replace("Aktivitet", "Slut").encode(), refused("mean the same column: end")),
    Case("a column that is missing", lambda: lines(header=HEADER[1:]).encode(), refused("the columns cvr are missing")),
    Case("several columns that are missing", lambda: b"CVR-nr.;Projekt\n", refused("the columns start, end, support_dkk are missing")),
    Case("values below no header", lambda: TEXT.replace("Aktivitet", "").replace("5;;", "5;x;").encode(), refused("column 6 holds values")),
    Case("an empty column without header", lambda: TEXT.replace("Aktivitet", "").encode(), taken(2, **WHOLE)),
    Case("300 columns", lambda: lines(header=[*HEADER, *(f"k{n}" for n in range(293))]).encode(), refused("the header has 300 columns")),
    Case("lines between pipes", lambda: TEXT.replace(";", "|").encode(), refused("no header of company_participations")),
)
KINDS = (
    Case("initiatives", lambda: INITIATIVES.replace("I1", "I2").encode(), taken(1), kind="initiatives"),
    Case("projects of an unknown initiative", lambda: PROJECTS.replace(";I1;", ";I9;").encode(), taken(2, warnings=2), kind="projects"),
    Case(
        "targets",
        lambda: b"Projekt;Indikator;M\xe5l\nP1;participants;1.000\nP1;magic;5\nP1;persons;-1\n",
        taken(3, unknown_code=1, negative_amount=1, rows=(3, 4), encoding="cp1252"),
        kind="targets",
    ),
    Case(
        "contacts",
        lambda: f"CVR-nr.;Aktør;Dato;Formål\n{CVRS[0]};Kommunen;1/5-2010;besøg\n{CVRS[0]};;1/5-2010;\n".encode(),
        taken(2, missing_value=1, rows=(3,)),
        kind=CONTACT,
    ),
    Case(
        "persons",
        lambda: lines(person(employer=CVRS[0], completed="ja"), person(cpr=CPRS[1]), header=PERSON_HEADER).encode(),
        taken(2, stored={"cpr": list(CPRS[:2]), "employer_cvr": [CVRS[0], None], "completed": ["True", None]}),
        kind=PERSON,
    ),
    Case("companies delivered as persons", lambda: TEXT.encode(), refused("the header of column 1"), kind=PERSON),
    Case("the same bytes again", lambda: TEXT.encode(), again(taken(2)), times=1),
    Case("the same bytes a third time", lambda: lines().encode(), again(empty()), times=2),
    Case("a refused file again", lambda: b"x;y\n", refused("no header"), times=1),
)
CASES = ENCODINGS + ROWS + HEADERS + KINDS
