"""Workbooks part by part, so that a case can have any of them wrong: cells, sheets, and the archive around them."""

import io
import zipfile
from collections.abc import Sequence
from xml.sax.saxutils import escape

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
STRICT = "http://purl.oclc.org/ooxml/spreadsheetml/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
SHEET, STRINGS, STYLES, BOOK = "xl/worksheets/sheet1.xml", "xl/sharedStrings.xml", "xl/styles.xml", "xl/workbook.xml"


def text(value: str) -> str:
    """A cell of text that stands in the sheet itself; what follows `c` in its element."""
    return f' t="inlineStr"><is><t xml:space="preserve">{escape(value)}</t></is></c>'


def number(value: object, style: int = 0) -> str:
    return f' s="{style}"><v>{value}</v></c>'


def typed(kind: str, value: str) -> str:
    """A cell of another type: s, str, b, e, d."""
    return f' t="{kind}"><v>{escape(value)}</v></c>'


def formula(code: str, value: object) -> str:
    """A formula with the value that was last computed."""
    return f"><f>{escape(code)}</f><v>{value}</v></c>"


def sheet(*rows: Sequence[str | None], first: int = 1, attributes: str = "", after: str = "", main: str = MAIN) -> str:
    """A worksheet: cells as the functions above make them, plain text for short, None for no cell."""
    written = []
    for at, cells in enumerate(rows, first):
        inner = "".join(
            f'<c r="{letters(column)}{at}"{cell if cell.endswith("</c>") else text(cell)}'
            for column, cell in enumerate(cells)
            if cell is not None
        )
        written.append(f'<row r="{at}"{attributes if at > first else ""}>{inner}</row>')
    return f'<worksheet xmlns="{main}"><sheetData>{"".join(written)}</sheetData>{after}</worksheet>'


def letters(column: int) -> str:
    """27 is AB."""
    return (letters(column // 26 - 1) if column >= 26 else "") + chr(ord("A") + column % 26)


def shared(*entries: str) -> str:
    """The table of shared strings; an entry is the inside of its element, a plain text for short."""
    inner = (entry if entry.startswith("<") else f"<t>{escape(entry)}</t>" for entry in entries)
    return f'<sst xmlns="{MAIN}">{"".join(f"<si>{one}</si>" for one in inner)}</sst>'


def styles(*formats: str | int) -> str:
    """Cell formats 1, 2, …: numbers of Excel's own formats, or codes; format 0 is General."""
    own = [(164 + n, code) for n, code in enumerate(formats) if isinstance(code, str)]
    ids = [0, *(164 + n if isinstance(code, str) else code for n, code in enumerate(formats))]
    codes = "".join(f'<numFmt numFmtId="{n}" formatCode="{escape(code, {chr(34): "&quot;"})}"/>' for n, code in own)
    return (
        f'<styleSheet xmlns="{MAIN}"><numFmts count="{len(own)}">{codes}</numFmts>'
        f'<cellXfs count="{len(ids)}">{"".join(f"<xf numFmtId={chr(34)}{n}{chr(34)}/>" for n in ids)}</cellXfs></styleSheet>'
    )


def parts(*sheets: str | tuple[str, str], settings: str = "", **more: str) -> dict[str, str | bytes]:
    """The parts of a workbook by name. A sheet may have a title before it. `more`: `strings` and `styles`."""
    titled = [one if isinstance(one, tuple) else (f"Ark{n}", one) for n, one in enumerate(sheets, 1)]
    links = [(f"r{n}", "worksheet", f"worksheets/sheet{n}.xml") for n in range(1, len(titled) + 1)]
    links += [(name, {"strings": "sharedStrings"}.get(name, name), {"strings": "sharedStrings.xml"}.get(name, f"{name}.xml")) for name in more]
    listed = "".join(f'<sheet name="{escape(title)}" sheetId="{n}" r:id="r{n}"/>' for n, (title, _) in enumerate(titled, 1))
    made = {
        "[Content_Types].xml": f'<Types xmlns="{PACKAGE}/content-types"/>',
        "_rels/.rels": relations(("r", "officeDocument", "xl/workbook.xml")),
        BOOK: f'<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}">{settings}<sheets>{listed}</sheets></workbook>',
        "xl/_rels/workbook.xml.rels": relations(*links),
    }
    made |= {f"xl/worksheets/sheet{n}.xml": xml for n, (_, xml) in enumerate(titled, 1)}
    return made | {{"strings": STRINGS, "styles": STYLES}[name]: xml for name, xml in more.items()}


def relations(*links: tuple[str, str, str], mode: str = "") -> str:
    inner = "".join(f'<Relationship Id="{own}" Type="{OFFICE}/{kind}" Target="{target}"{mode}/>' for own, kind, target in links)
    return f'<Relationships xmlns="{PACKAGE}/relationships">{inner}</Relationships>'


def packed(made: dict[str, str | bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """The archive of the parts; the same bytes whenever it is made."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name, part in made.items():
            archive.writestr(zipfile.ZipInfo(name, (2010, 5, 1, 0, 0, 0)), part, method)
    return content.getvalue()


def book(*sheets: str | tuple[str, str], settings: str = "", **more: str) -> bytes:
    """The archive of a workbook; see `parts`."""
    return packed(parts(*sheets, settings=settings, **more))


def patched(content: bytes, mark: bytes, offset: int, new: bytes) -> bytes:
    """The content with bytes replaced, counted from the first place of a mark, such as a header of the archive."""
    at = content.index(mark) + offset
    return content[:at] + new + content[at + len(new) :]
