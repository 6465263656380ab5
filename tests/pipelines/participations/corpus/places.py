"""What may lie where a file should: links, pipes, directories, and files with names that mean something elsewhere."""

import os
import socket
from collections.abc import Callable
from pathlib import Path

from tests.pipelines.participations.corpus.archives import book, sheet
from tests.pipelines.participations.corpus.case import HEADER, Case, Outcome, lines, refused, row, taken
from tests.pipelines.participations.drawing import CPRS, CVRS

CONTENT = lines(row()).encode()
NAME = "nord_company_participations_2010.csv"
SOUND = taken(1, stored={"cvr": [CVRS[0]]})
NAMES = {
    "quotation marks": "nord'\"_company_participations_2010.csv",
    "a line break": "nord\n_company_participations_2010.csv",
    "a pattern": "*[0-9]?_company_participations_2010.csv",
    "SQL": "nord'; DROP TABLE x; --_company_participations_2010.csv",
    "a shell's signs": "$(id)`id`|&;_company_participations_2010.csv",
    "a hyphen first": "--as_company_participations_2010.csv",
    "two dots": "..nord.._company_participations_2010..csv",
    "backslashes": "..\\..\\nord_company_participations_2010.csv",
    "marks of writing direction": "\u202enord\u202c_company_participations_2010.csv",
    "bytes that are no text": os.fsdecode(b"nord\xff\xfe_company_participations_2010.csv"),
    "a person's number": f"{CPRS[0]}_company_participations_{CPRS[1][:6]}-{CPRS[1][6:]}.csv",
    "250 letters": "n" * 216 + "_company_participations_2010.csv",
    "no ending": "nord_company_participations_2010",
    "another delivery's kind": "nord_projects_2010.csv",
    "the ending of another format": "nord_company_participations_2010.parquet",
    "nothing but a dot": ".csv",
}


def place(name: str, make: Callable[[Path], object], outcome: Outcome, called: str = NAME) -> Case:
    def made(directory: Path) -> Path:
        make(directory / called)
        return directory / called

    return Case(name, made, outcome, places=True)


def linked(path: Path) -> None:
    (path.parent / "true.csv").write_bytes(CONTENT)
    path.symlink_to("true.csv")


def twice_named(path: Path) -> None:
    (path.parent / "true.csv").write_bytes(CONTENT)
    os.link(path.parent / "true.csv", path)


def listening(path: Path) -> None:
    here = Path.cwd()
    os.chdir(path.parent)  # a socket's path may have a hundred letters
    try:
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(path.name)
    finally:
        os.chdir(here)


def sparse(path: Path) -> None:
    with path.open("wb") as opened:
        opened.truncate(2**40)


PLACES = (
    place("a link to a sound file", linked, refused("it must be a regular file, not a link")),
    place("a link to nothing", lambda path: path.symlink_to("nowhere.csv"), refused("not a link")),
    place("a link to itself", lambda path: path.symlink_to(path.name), refused("not a link")),
    place("a link to a device", lambda path: path.symlink_to("/dev/zero"), refused("not a link")),
    place("a second name of a sound file", twice_named, SOUND),
    place("a pipe that nobody writes to", os.mkfifo, refused("this is not a regular file")),
    place("a socket", listening, refused("the file cannot be opened")),
    place("a directory", os.mkdir, refused("this is not a regular file")),
    place("nothing", lambda path: None, refused("there is no such file")),
    place("a file inside a file", lambda path: path.parent.write_bytes(b"x"), refused("the file cannot be opened"), "x/nord.csv"),
    place("a terabyte of nothing", sparse, refused("the file is larger than 128 MB")),
    place("a file of no bytes", Path.touch, refused("the file is empty")),
    Case("a device", lambda directory: Path("/dev/null"), refused("this is not a regular file"), places=True),
    Case("a name with a NUL in it", lambda directory: directory / "nord\0.csv", refused("there is no such file"), places=True),
    Case("a name longer than any may be", lambda directory: directory / ("n" * 5_000), refused("the file cannot be opened"), places=True),
)
CALLED = (
    *(place(f"a name with {what}", lambda path: path.write_bytes(CONTENT), SOUND, called) for what, called in NAMES.items()),
    place("a workbook called .csv", lambda path: path.write_bytes(book(sheet(HEADER, row()))), taken(1, form="xlsx")),
    Case("a delimited file called .xlsx", lambda: CONTENT, taken(1, form="csv"), ending="xlsx"),
)
CASES = PLACES + CALLED
