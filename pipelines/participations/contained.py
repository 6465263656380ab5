"""Operators' bytes are read and judged in a process of its own: without keys, unable to open or write any file, and
ended when it takes more time or memory than a true delivery needs.

One clean interpreter is started for the gateway's process and forks a child for each file; why is told in
`start`. What the bytes mean is decided in `reading` and `checking`; nothing but Arrow tables and counts comes back.
"""

import atexit
import codecs
import contextlib
import ctypes
import datetime as dt
import gc
import json
import os
import resource
import select
import selectors
import signal
import socket
import subprocess
import sys
import threading
import time
import traceback
from dataclasses import asdict, dataclass, field
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.identity import contains_raw_number
from pipelines.participations.checking import FINDINGS, Judged, judge
from pipelines.participations.reading import Refused, read
from schemas.contract import Contract, code_values, load

__all__ = ["Examined", "Limits", "close", "examine", "serve"]

GRACE = 10  # seconds that the kernel's own alarm is given before the gateway ends everything itself
PIECE = 2**20
LONGEST_REASON = 2_000  # signs
# Time zones that a Parquet file may name: their tables are loaded before the child loses the right to open files.
ZONES = ("UTC", "GMT", "CET", *(f"Europe/{city}" for city in ["Copenhagen", "Berlin", "Stockholm", "Oslo", "Helsinki", "London"]))
ENCODINGS = ("utf-8-sig", "utf-16", "cp1252")
CODECS = (*ENCODINGS, "cp437")  # the last for the names in an archive
KEPT = ("PATH", "LD_LIBRARY_PATH", "TZDIR")  # all that a child sees of the environment
# Arguments are the root of the code and a descriptor. The package is entered beside its __init__, which brings DuckDB
# and a thread of it along.
PROGRAM = """
import sys, types
sys.path.insert(0, sys.argv[1])
package = sys.modules["pipelines.participations"] = types.ModuleType("pipelines.participations")
package.__path__ = [sys.argv[1] + "/pipelines/participations"]
from pipelines.participations import contained
contained.serve(int(sys.argv[2]))
"""
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
ONE_THREAD |= {"JE_ARROW_MALLOC_CONF": "background_thread:false"}
# Arrow's own allocator reserves 1 GiB at once, which RLIMIT_DATA would count; the system's takes what is used.
ALLOCATOR = {"ARROW_DEFAULT_MEMORY_POOL": "system"}
PR_SET_PDEATHSIG, PR_SET_DUMPABLE = 1, 4  # prctl(2)
BROKE = "the file broke the program that reads it, so it is damaged or made to do harm; save it anew where it comes from"
NOT_STARTED = "the program that reads files could not be started; this is no fault of the file"


@dataclass(frozen=True)
class Limits:
    """What reading one file may take. A million rows of CSV take 3 CPU-s and 0.4 GiB, 200,000 rows of XLSX 7 CPU-s and
    0.2 GiB; the largest file that `reading` allows takes a few times that."""

    cpu_seconds: int = 120
    wall_seconds: int = 300  # a busy machine may give a process less than half a core
    memory: int = 2 * 2**30  # bytes it may write to (RLIMIT_DATA)
    addresses: int = 3 * 2**30  # bytes of address space (RLIMIT_AS): allocators reserve more than they use
    written: int = 0  # bytes of any file (RLIMIT_FSIZE): the answer goes through a pipe
    answer: int = 2**30  # bytes that the gateway takes back


LIMITS = Limits()


@dataclass(frozen=True)
class Examined:
    """A delivery that could be read: its format and encoding, how many rows it has, and what was judged of them."""

    format: str
    encoding: str | None
    rows: int
    judged: Judged = field(repr=False)


def examine(
    content: bytes,
    contract: Contract,
    *,
    synthetic: bool,
    births: tuple[dt.date, dt.date] | None = None,
    limits: Limits = LIMITS,
) -> Examined:
    """`reading.read` and `checking.judge` in a child process. Raises Refused as they do, and also when the child
    breaks down, is killed or reaches a limit."""
    asked = {
        "contract": contract.name,
        "synthetic": synthetic,
        "births": births and [day.isoformat() for day in births],
        "limits": asdict(limits),
    }
    with _TURN:
        reader = _running()
        try:
            ended, answer = _converse(reader, asked, content, limits)
        except BaseException as error:  # the conversation stands in the middle: the next file gets a new reader
            close()  # a reader that had not ended by itself is killed
            if isinstance(error, TimeoutError):
                raise Refused(_too_slow(limits)) from None
            if isinstance(error, OSError | ValueError):
                raise Refused(BROKE if reader.process.returncode == -signal.SIGKILL else NOT_STARTED) from None
            raise
    if ended in (-signal.SIGXCPU, -signal.SIGALRM):
        raise Refused(_too_slow(limits))
    if ended != 0:
        raise Refused(BROKE)
    return _believed(answer, contract)


@dataclass(frozen=True)
class _Reader:
    process: subprocess.Popen
    line: socket.socket
    owner: int


_TURN = threading.RLock()
_READERS: list[_Reader] = []


def start() -> _Reader:
    """A clean interpreter that waits for files and forks a child for each.

    The gateway itself is never forked: it holds keys, and its libraries may have started threads. This one has neither,
    nor the gateway's environment; it never looks into a file, and its memory is that of imported modules. It costs one
    start (0.5 CPU-s) a process instead of one a file; a fork costs 10 ms.
    """
    ours, theirs = socket.socketpair()
    environment = {name: os.environ[name] for name in KEPT if name in os.environ}
    root = str(Path(__file__).parents[2])
    with theirs:
        process = subprocess.Popen(
            [sys.executable, "-I", "-c", PROGRAM, root, str(theirs.fileno())],
            env=environment | ONE_THREAD | ALLOCATOR,
            pass_fds=(theirs.fileno(),),
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,  # a library's last words may hold a cell
            start_new_session=True,
        )
    return _Reader(process, ours, os.getpid())


@atexit.register
def close() -> None:
    """Ends the reader and whatever it has forked; the next file starts a new one."""
    with _TURN:
        while _READERS:
            reader = _READERS.pop()
            reader.line.close()
            if reader.owner == os.getpid():
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(reader.process.pid, signal.SIGKILL)
                reader.process.wait()


def _running() -> _Reader:
    if _READERS and (_READERS[0].owner != os.getpid() or _READERS[0].process.poll() is not None):
        close()
    if not _READERS:
        _READERS.append(start())
    return _READERS[0]


def _converse(reader: _Reader, asked: dict, content: bytes, limits: Limits) -> tuple[int, bytearray]:
    """Sends the file and takes the answer: how the child ended, and what it wrote. Raises TimeoutError, OSError or
    ValueError."""
    deadline = time.monotonic() + limits.wall_seconds + GRACE
    content_end, content_start = os.pipe()
    answer_end, answer_start = os.pipe()
    ours = [os.fdopen(content_start, "wb", buffering=0), os.fdopen(answer_end, "rb", buffering=0)]
    theirs = [os.fdopen(content_end, "rb", buffering=0), os.fdopen(answer_start, "wb", buffering=0)]
    with contextlib.ExitStack() as opened:
        for pipe in (*ours, *theirs):
            opened.enter_context(pipe)
        socket.send_fds(reader.line, [json.dumps(asked).encode() + b"\n"], [pipe.fileno() for pipe in theirs])
        for pipe in theirs:
            pipe.close()
        answer = _exchange(*ours, content, deadline, limits.answer)
    reader.line.settimeout(max(deadline - time.monotonic(), 0.1))
    return json.loads(_line_of(reader.line)[0])["ended"], answer


def _exchange(into, out_of, content: bytes, deadline: float, largest: int) -> bytearray:
    """Writes the content into one pipe until it is taken or the reader is gone, while reading the other to its end."""
    os.set_blocking(into.fileno(), False)
    left, answer = memoryview(content), bytearray()
    with selectors.DefaultSelector() as watched:
        watched.register(into, selectors.EVENT_WRITE)
        watched.register(out_of, selectors.EVENT_READ)
        while True:
            ready = watched.select(max(deadline - time.monotonic(), 0))
            if not ready:
                raise TimeoutError
            for key, _ in ready:
                if key.fileobj is out_of:
                    piece = out_of.read(PIECE)
                    if not piece:
                        return answer
                    answer += piece
                    if len(answer) > largest:
                        raise ValueError("more came back than was sent")
                    continue
                try:
                    left = left[into.write(left[:PIECE]) or 0 :]
                except BrokenPipeError:
                    left = left[:0]
                if not left:
                    watched.unregister(into)
                    into.close()


def _believed(answer: bytearray, contract: Contract) -> Examined:
    """What the child found, checked as if it had come from the operator: whoever breaks into the child may write
    anything here."""
    try:
        end = answer.index(b"\n")
        told = json.loads(answer[:end])
        if "refused" in told:
            reason = told["refused"]
            if not reason.isprintable() or len(reason) > LONGEST_REASON or contains_raw_number(reason):
                raise ValueError
            raise Refused(reason)
        source = pa.BufferReader(pa.py_buffer(memoryview(answer)[end + 1 :]))
        accepted, findings = (pa.ipc.open_stream(source).read_all() for _ in range(2))
        for table, schema in ((accepted, accepted_schema(contract)), (findings, FINDINGS)):
            table.validate(full=True)
            if table.schema != schema:
                raise ValueError
        names = [*(column.name for column in contract.columns), None]
        if set(pc.unique(findings["rule"]).to_pylist()) - set(code_values("quarantine_rules")):
            raise ValueError
        if set(pc.unique(findings["column"]).to_pylist()) - set(names):
            raise ValueError
        form, encoding, rows = told["format"], told["encoding"], told["rows"]
        if form not in ("csv", "xlsx", "parquet") or encoding not in (None, "utf-8", *ENCODINGS) or type(rows) is not int:
            raise ValueError
    except Refused:
        raise
    except Exception:
        raise Refused(BROKE) from None
    return Examined(form, encoding, rows, Judged(accepted, findings))


def accepted_schema(contract: Contract) -> pa.Schema:
    """The columns of `Judged.accepted`: those of the contract without free text, and the row's number in the file."""
    kept = [(column.name, column.type) for column in contract.columns if column.classification != "free_text"]
    return pa.schema([*kept, ("row", pa.int32())])


def _too_slow(limits: Limits) -> str:
    return f"reading the file takes longer than is allowed ({limits.cpu_seconds} s); deliver it in parts"


def _too_large(limits: Limits) -> str:
    return f"reading the file takes more memory than is allowed ({limits.memory // 2**20} MB); deliver it in parts"


def serve(descriptor: int) -> None:
    """The clean interpreter: forks a child for each file that comes over the socket, and says how it ended. Returns
    when the gateway is gone."""
    _get_ready()
    with socket.socket(fileno=descriptor) as line:
        while True:
            text, descriptors = _line_of(line, 2)
            if not text:
                return
            asked = json.loads(text)
            contract = load(asked["contract"])
            ended = _in_child(line, descriptors, asked, contract)
            line.sendall(json.dumps({"ended": ended}).encode() + b"\n")


def _get_ready() -> None:
    """Loads what a child would look for in files, and starts no thread."""
    pa.set_cpu_count(1)
    pa.set_io_thread_count(1)
    for name in CODECS:
        codecs.lookup(name)
    for zone in ZONES:
        pa.array([0], pa.timestamp("s", zone)).cast(pa.date32())
    gc.freeze()


def _line_of(line: socket.socket, descriptors: int = 0) -> tuple[bytes, list[int]]:
    """One line from the socket and the descriptors that came with it; an empty one when the other side is gone."""
    text, received, _, _ = socket.recv_fds(line, 2**16, descriptors)
    while text and not text.endswith(b"\n"):
        text += line.recv(2**16) or b"\n"
    return text, received


def _in_child(line: socket.socket, descriptors: list[int], asked: dict, contract: Contract) -> int:
    """How the child for one file ended: its exit code, or minus the signal that ended it."""
    watched, held = os.pipe()  # closed by the child's end, whatever ends it
    child = os.fork()
    if child == 0:
        code = 1
        try:
            line.close()
            os.close(watched)
            limits = Limits(**asked["limits"])
            for column in contract.columns:
                code_values(column.codes)  # read now, as no file can be opened then; here, as Arrow starts threads for it
            _shut_in(limits)
            _answer(*descriptors, asked, contract, limits)
            code = 0
        finally:
            os._exit(code)
    for descriptor in (*descriptors, held):
        os.close(descriptor)
    if line in select.select([line, watched], [], [])[0]:  # the gateway is gone, and nobody waits for an answer
        os.kill(child, signal.SIGKILL)
    os.close(watched)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def _shut_in(limits: Limits) -> None:
    """Gives up, for good, what reading needs not: more time, more memory, every file and socket, a core dump."""
    if sys.platform == "linux":
        kernel = ctypes.CDLL(None)
        kernel.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        kernel.prctl(PR_SET_DUMPABLE, 0)  # where cores are piped to a program, RLIMIT_CORE alone stops none
    wanted = {
        resource.RLIMIT_CPU: limits.cpu_seconds,
        resource.RLIMIT_DATA: limits.memory,
        resource.RLIMIT_AS: limits.addresses,
        resource.RLIMIT_FSIZE: limits.written,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_NOFILE: 0,  # those already open stay: the two pipes
    }
    for kind, most in wanted.items():
        highest = resource.getrlimit(kind)[1]
        most = most if highest == resource.RLIM_INFINITY else min(most, highest)
        resource.setrlimit(kind, (most, most + (kind == resource.RLIMIT_CPU and most != highest)))
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_REAL, limits.wall_seconds)


def _answer(content_end: int, answer_start: int, asked: dict, contract: Contract, limits: Limits) -> None:
    """Reads, judges and writes what was found: one line of JSON, then accepted rows and findings as Arrow streams."""
    tables = ()
    try:
        with open(content_end, "rb", buffering=0) as pipe:
            content = pipe.readall()
        births = asked["births"] and tuple(map(dt.date.fromisoformat, asked["births"]))
        delivered, judged = found_in(content, contract, asked["synthetic"], births)
        tables = judged.accepted, judged.findings
        told = {"format": delivered.format, "encoding": delivered.encoding, "rows": delivered.cells.num_rows}
    except Refused as refusal:
        told = {"refused": str(refusal)}
    except MemoryError:
        told = {"refused": _too_large(limits)}
    except Exception as error:  # its text may quote a cell, so only its kind and place are told
        place = traceback.extract_tb(error.__traceback__)[-1]
        fault = f"{type(error).__name__} in {place.name}, line {place.lineno}"
        told = {"refused": f"the gateway itself failed on this file ({fault}); please report it"}
    with open(answer_start, "wb", buffering=0) as pipe:
        line = json.dumps(told).encode()
        pipe.write(line + b" " * (-(len(line) + 1) % 64) + b"\n")  # so that the streams after it are aligned
        for table in tables:
            with pa.ipc.new_stream(pipe, table.schema) as stream:
                stream.write_table(table)


def found_in(content: bytes, contract: Contract, synthetic: bool, births: tuple[dt.date, dt.date] | None):
    """What a child does with a file: the delivery as read, and as judged."""
    delivered = read(content, contract)
    return delivered, judge(delivered.cells, contract, synthetic=synthetic, births=births)
