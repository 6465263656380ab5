"""The parts of an .xlsx archive: which part is which, the shared strings, and the styles that are dates.

Judged by its directory before anything is unpacked. What the cells of a sheet say is read in `workbook`.
"""

import io
import posixpath
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from xml.etree import ElementTree
from xml.parsers import expat

from pipelines.participations.refusals import Refused

LARGEST_UNPACKED = 256 * 2**20  # bytes of all parts of the archive; 0.75 MB have been made to unpack to 314 MB
PROLOG_AT_ONCE = 2**12
DATE_FORMATS = {14, 15, 16, 17, 18, 19, 20, 21, 22, 45, 47}  # of Excel's built-in formats; 46 is [h]:mm:ss
# What a format shows as it is, says of colour, currency or place, and so means no part of a date. [h], [m], [s] stay.
SILENT = re.compile(r'"[^"]*"|\\.|_.|\*.|\[(?!(?:h+|m+|s+)\])[^\]]*\]', re.IGNORECASE)
ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")  # ECMA-376 part 1, 22.9.2.19: _x000D_ is a carriage return


@dataclass(frozen=True)
class Book:
    """An opened workbook. `sheets` has a title and a part's name for each worksheet, in order; `styles` says for each
    cell format whether its numbers are a "date", a "duration" or neither ("")."""

    archive: zipfile.ZipFile = field(repr=False)
    sheets: tuple[tuple[str, str], ...] = field(repr=False)
    strings: tuple[str, ...] = field(repr=False)
    styles: tuple[str, ...] = field(repr=False)
    since_1904: bool


def open_book(content: bytes) -> Book:
    """Raises Refused for an archive that is malformed, encrypted, too large, no workbook, or declares a document type
    (from which entities could grow without end)."""
    archive = _archive(content)
    path = next((target for kind, target in _relations(archive, "").values() if kind == "officeDocument"), "")
    root = _root(archive, path) if path.lower().endswith(".xml") and path in archive.namelist() else None
    if root is None or local(root.tag) != "workbook":
        raise Refused("the archive holds no Excel workbook; save it as .xlsx or CSV")
    relations = _relations(archive, path)
    targets = dict(relations.values())
    sheets = []
    for element in root.iter():
        if local(element.tag) == "sheet":
            own = next(value for name, value in element.attrib.items() if name.endswith("}id"))
            if relations[own][0] == "worksheet":
                sheets.append((element.attrib["name"], relations[own][1]))
    settings = next((element.attrib for element in root if local(element.tag) == "workbookPr"), {})
    return Book(
        archive,
        tuple(sheets),
        tuple(rich_text(one) for one in elements(archive, targets.get("sharedStrings"), "si")),
        _styles(archive, targets.get("styles")),
        settings.get("date1904", "0").lower() in ("1", "true", "on"),
    )


def elements(archive: zipfile.ZipFile, path: str | None, name: str) -> Iterator[ElementTree.Element]:
    """The elements of that name in a part, each emptied once it has been used; none where there is no such part."""
    if path is None:
        return
    _refuse_document_type(archive, path)
    ending = "}" + name
    with archive.open(path) as part:
        for _, element in ElementTree.iterparse(part, ("end",)):
            if element.tag.endswith(ending):
                yield element
                element.clear()


def rich_text(element: ElementTree.Element) -> str:
    """The text of a shared or inline string, its runs joined; readings beside it (rPh) are no part of it."""
    runs = [run for child in element for run in (child if local(child.tag) == "r" else (child,))]
    return unescaped("".join(run.text or "" for run in runs if local(run.tag) == "t"))


def unescaped(text: str) -> str:
    """The text with signs that XML cannot hold given back."""
    return ESCAPED.sub(lambda found: chr(int(found[1], 16)), text) if "_x" in text else text


def local(tag: str) -> str:
    """An element's name without its namespace: transitional and strict workbooks differ in nothing else."""
    return tag.rpartition("}")[2]


def style_of(code: str) -> str:
    """What numbers mean under a number format such as `dd-mm-yyyy`, `[h]:mm` or `#,##0.00 "kr."`."""
    shown = SILENT.sub("", code).partition(";")[0]
    if "[" in shown:
        return "duration"
    return "date" if re.search("[dmhys]", shown, re.IGNORECASE) and shown.lower() != "standard" else ""


def _archive(content: bytes) -> zipfile.ZipFile:
    try:
        archive = zipfile.ZipFile(io.BytesIO(content))
        parts = archive.infolist()
    except (zipfile.BadZipFile, ValueError, OverflowError, NotImplementedError):
        raise Refused("the file begins like an .xlsx file but is not a complete archive") from None
    if any(part.flag_bits & 1 for part in parts):
        raise Refused("the archive is encrypted; save it without a password")
    if sum(part.file_size for part in parts) > LARGEST_UNPACKED:
        raise Refused(f"the archive unpacks to more than {LARGEST_UNPACKED // 2**20} MB; deliver it in parts or as CSV")
    names = [part.filename for part in parts]
    if len(set(names)) != len(names):
        raise Refused("the archive has two parts of the same name; open it in Excel and save it again as .xlsx")
    if any(name.startswith(("/", "\\")) or ".." in re.split(r"[/\\]", name) for name in names):
        raise Refused("the archive names a part outside itself; open it in Excel and save it again as .xlsx")
    if any(part.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) for part in parts):
        raise Refused("the archive is packed in a way that Excel does not know; save it again as .xlsx")
    return archive


def _relations(archive: zipfile.ZipFile, path: str) -> dict[str, tuple[str, str]]:
    """By id, the kind and the part's name of everything inside the archive that a part refers to."""
    place, name = posixpath.split(path)
    beside = posixpath.join(place, "_rels", name + ".rels")
    if beside not in archive.namelist():
        return {}
    found = {}
    for element in _root(archive, beside):
        if local(element.tag) == "Relationship" and element.get("TargetMode") != "External":
            target = posixpath.normpath(posixpath.join("/", place, element.attrib["Target"]))
            found[element.attrib["Id"]] = element.attrib["Type"].rpartition("/")[2], target.lstrip("/")
    return found


def _root(archive: zipfile.ZipFile, path: str) -> ElementTree.Element:
    _refuse_document_type(archive, path)
    return ElementTree.fromstring(archive.read(path))


def _refuse_document_type(archive: zipfile.ZipFile, path: str) -> None:
    """Reads until the first element. No office program writes a document type; those who do want entities expanded."""

    def found(*_) -> None:
        raise Refused("the workbook declares a document type, which Excel never does; save it again as .xlsx")

    begun = []
    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = found
    parser.StartElementHandler = lambda *_: begun.append(True)
    with archive.open(path) as part:
        while not begun and (piece := part.read(PROLOG_AT_ONCE)):
            parser.Parse(piece)


def _styles(archive: zipfile.ZipFile, path: str | None) -> tuple[str, ...]:
    if path is None:
        return ()
    meaning = dict.fromkeys(DATE_FORMATS, "date") | {46: "duration"}
    root = _root(archive, path)
    for element in root.iter():
        if local(element.tag) == "numFmt":
            meaning[int(element.attrib["numFmtId"])] = style_of(element.attrib["formatCode"])
    formats = next((element for element in root if local(element.tag) == "cellXfs"), ())
    return tuple(meaning.get(int(element.get("numFmtId", 0)), "") for element in formats)
