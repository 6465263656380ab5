"""Operators' files are read apart: a file that takes too much or breaks its reader is refused, the reader has nothing to
give away, and nothing that it says is taken on trust."""

import ast
import json
import re
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pytest

from pipelines.participations import contained
from pipelines.participations.checking import FINDINGS
from pipelines.participations.contained import Limits, examine
from pipelines.participations.reading import Refused
from schemas.contract import load
from tests.pipelines.participations.drawing import COMPANIES, CPRS, CVRS, deliver

ROOT = Path(__file__).parents[3]
CONTRACT = load("deliveries.company_participations")
NAME = "nord_company_participations_2010.csv"
MANY = COMPANIES.splitlines()[0] + "\n" + f"{CVRS[0]};P1;01-05-2010;31-12-2010;1.234,50\n" * 100_000


@pytest.fixture
def reader(monkeypatch):
    """Starts a reader whose child does something else with a file."""

    def doing(statement: str) -> None:
        contained.close()
        instead = f"import os\ndef found_in(content, *_):\n    {statement}\ncontained.found_in = found_in\n"
        monkeypatch.setattr(contained, "PROGRAM", contained.PROGRAM.replace("contained.serve(", instead + "contained.serve("))

    yield doing
    contained.close()


def refusal(content: str, **limits) -> str:
    with pytest.raises(Refused) as error:
        examine(content.encode(), CONTRACT, synthetic=True, limits=Limits(**limits))
    return str(error.value)


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        ({"memory": 96 * 2**20}, "takes more memory than is allowed (96 MB)"),
        ({"answer": 1000}, "broke the program that reads it"),
    ],
)
def test_a_file_that_takes_too_much_memory_is_refused_and_the_next_one_is_read(limits, words):
    assert words in refusal(MANY, **limits)
    assert examine(COMPANIES.encode(), CONTRACT, synthetic=True).rows == 3


@pytest.mark.parametrize(
    ("statement", "limits"),
    [("while time.process_time() < 3: pass", {"cpu_seconds": 1}), ("time.sleep(2)", {"wall_seconds": 0.2})],
)
def test_a_file_that_takes_too_long_is_refused_and_the_next_one_is_read(reader, statement, limits):
    reader(f"import time\n    if b'P2' in content:\n        {statement}\n    raise contained.Refused('read')")
    assert "takes longer than is allowed" in refusal(COMPANIES, **limits)
    assert refusal(COMPANIES.replace("P2", "P1")) == "read"


@pytest.mark.parametrize("signal", ["SIGSEGV", "SIGKILL", "SIGABRT"])
def test_a_crash_is_a_refused_file_and_the_next_one_is_read(reader, tmp_path, signal):
    reader(f"import signal; content.count(b'P2') == 1 and os.kill(os.getpid(), signal.{signal}); raise KeyError(1)")
    receipt = deliver(tmp_path, NAME, COMPANIES)
    assert (receipt.status, receipt.reason) == ("refused", contained.BROKE)
    assert not (tmp_path / "home" / "deliveries").exists()
    assert "KeyError" in refusal(COMPANIES.replace("P2", "P1"))


def test_an_error_that_quotes_a_cell_is_told_by_its_kind_and_place_only(reader, tmp_path):
    reader("raise ValueError(content.decode())")
    receipt = deliver(tmp_path, NAME, COMPANIES)
    assert receipt.status == "refused"
    assert re.search(r"\(ValueError in found_in, line \d+\)", receipt.reason)
    assert not any(number.lstrip("0") in json.dumps(receipt.as_dict()) for number in CVRS)


def test_the_reader_sees_nothing_of_the_gateways_environment_and_no_open_file(reader, monkeypatch):
    monkeypatch.setenv("EFFEKT_KEYS", "/secret/place")
    with open(__file__, "rb") as held:
        reader("raise contained.Refused(' '.join(sorted(os.environ)) + ' ' + os.getcwd())")
        seen = refusal(COMPANIES).split()
        contained.close()
        reader(f"raise contained.Refused(str(len([n for n in range(3, 200) if is_open(n)])) + ' ' + str(is_open({held.fileno()})))")
        monkeypatch.setattr(contained, "PROGRAM", IS_OPEN + contained.PROGRAM)
        count, _ = refusal(COMPANIES).split()
    assert not [name for name in seen if name.startswith("EFFEKT")]
    assert seen[-1] == "/"
    assert int(count) == 2, "the pipe of the answer, and the one that ends with the child"


IS_OPEN = """
import os
def is_open(n):
    try:
        return bool(os.fstat(n))
    except OSError:
        return False
"""


def test_a_child_can_open_write_and_start_nothing():
    tries = {
        "read": "open('/etc/hostname')",
        "write": "open('/tmp/leak', 'w')",
        "connect": "socket.socket()",
        "start": "subprocess.run(['true'])",
        "pipe": "os.write(2, b'x')",
    }
    code = "import os, socket, subprocess\nfrom pipelines.participations import contained\n"
    code += "contained._shut_in(contained.Limits())\nheld = []\n"
    for name, attempt in tries.items():
        code += f"try:\n    {attempt}\n    held.append('{name}')\nexcept OSError:\n    pass\n"
    code += "import resource as r\nkinds = r.RLIMIT_FSIZE, r.RLIMIT_CORE, r.RLIMIT_AS, r.RLIMIT_DATA\n"
    code += "print(held, [r.getrlimit(kind)[0] for kind in kinds])\n"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == f"['pipe'] {[0, 0, Limits().addresses, Limits().memory]}\n"


def streamed(*tables: pa.Table, **told) -> bytearray:
    line = json.dumps(told).encode()
    answer = bytearray(line + b" " * (-(len(line) + 1) % 64) + b"\n")
    for table in tables:
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, table.schema) as stream:
            stream.write_table(table)
        answer += sink.getvalue().to_pybytes()
    return answer


ACCEPTED = contained.accepted_schema(CONTRACT).empty_table()
TOLD = {"format": "csv", "encoding": "utf-8", "rows": 0}


def finding(rule: str, column: str | None) -> pa.Table:
    return pa.table([[2], [rule], [column]], schema=FINDINGS)


def test_a_true_answer_is_believed():
    told = contained._believed(streamed(ACCEPTED, finding("formula", "cvr"), **TOLD), CONTRACT)
    assert (told.format, told.rows, told.judged.quarantined) == ("csv", 0, 1)


@pytest.mark.parametrize(
    "answer",
    [
        bytearray(),
        bytearray(b"no json\n"),
        streamed(ACCEPTED, **TOLD),
        streamed(ACCEPTED, finding(CPRS[0], "cvr"), **TOLD),
        streamed(ACCEPTED, finding("formula", CPRS[0]), **TOLD),
        streamed(ACCEPTED.append_column("note", pa.array([], pa.string())), FINDINGS.empty_table(), **TOLD),
        streamed(ACCEPTED, FINDINGS.empty_table(), **{**TOLD, "format": CPRS[0]}),
        streamed(ACCEPTED, FINDINGS.empty_table(), **{**TOLD, "encoding": CPRS[0]}),
        streamed(ACCEPTED, FINDINGS.empty_table(), **{**TOLD, "rows": "0"}),
        streamed(refused=f"see {CPRS[0]}"),
        streamed(refused="two\nlines"),
        streamed(refused="long " * 1000),
    ],
)
def test_whatever_else_a_broken_reader_says_is_a_refusal_without_its_words(answer):
    with pytest.raises(Refused) as error:
        contained._believed(answer, CONTRACT)
    assert str(error.value) == contained.BROKE


def test_no_module_of_dagster_takes_a_raw_file():
    for file in (ROOT / "assets").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import | ast.ImportFrom) else []
            names.append(getattr(node, "module", None) or "")
            assert not [one for one in names if "gateway" in one or "contained" in one or one == "pseudonymise"], file.name
