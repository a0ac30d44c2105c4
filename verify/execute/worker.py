"""The process that runs a framework. Needs only Python, NumPy and that framework, so it may live in another environment.

    python -I worker.py        reads messages from descriptor 0, writes messages to descriptor 1
    message = two little-endian uint32 (length of header, length of body), a JSON header, raw bytes

It receives its glue once, then texts to run. Values are not sent but drawn here, from a seed. Each text is run twice on the numbers of
its first draw, then once on every further draw. After the first run its arguments are compared with what was put in. "began" is sent
before a text is first run and "done" after it, so that whoever watches knows what was running at a death. Of a job with a `digest`, each
output is sent as one digest of all draws, instead of their values.
"""

from __future__ import annotations

import ctypes
import hashlib
import json
import math
import os
import re
import signal
import struct
import sys
import traceback
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Any, BinaryIO

import numpy as np

MASK = (1 << 64) - 1
STEP = 0x9E3779B97F4A7C15
"""Of the counter: the golden ratio times 2^64."""
ESCAPES = re.compile(
    r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\].*?(?:\x07|\x1b\\)|.)"
    r"|[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]", re.DOTALL,
)  # fmt: skip
"""The sequences that a terminal obeys, control characters, and those that turn the direction of what is read."""
LARGEST_HEADER = 1 << 24
LARGEST_BODY = 1 << 31
LARGEST_FILE = 1 << 27
"""Bytes that a worker may write into one file: what it prints is kept in one."""
PR_SET_PDEATHSIG = 1
"""Linux: the signal that a process gets when its parent ends."""
FILE = "file of this backend"
"""Where the glue keeps the name of the file it stands in; no name of Python."""
BLOCK = 1 << 14
"""Numbers that are drawn at once: so many stay in the cache of a core."""
STREAMS = 64
"""Room for the arrays of one draw: draw d takes the streams from 64·d on."""

FORMATS = {"float16": (11, -14, 15), "bfloat16": (8, -126, 127), "float32": (24, -126, 127), "float64": (53, -1022, 1023)}
"""Significant bits p, and the exponents of the smallest and of the largest normal numbers (IEEE 754; bfloat16 as in its white paper)."""

WHOLE = {"uint8": (0, 255), "int8": (-128, 127), "int32": (-(1 << 31), (1 << 31) - 1)}
"""The least and the greatest number of the integer dtypes, which have no gradients."""

Array = np.ndarray[Any, np.dtype[Any]]


def unsigned(dtype: str) -> bool:
    """Whether it has no numbers below 0."""
    return dtype in WHOLE and WHOLE[dtype][0] == 0


def numbers(
    data: str, seed: int, draw_number: int, shapes: list[tuple[int, ...]], *, radius: int, unit: int, dtype: str, domains: Any = ()
) -> list[Array]:
    """x, the cotangent g and the weights of one draw, as float64 arrays whose values are exact in `dtype`.

    `domains`: for each weight None, or (least, greatest, parts, distinct), the numbers it takes whatever the kind (spec.operation.Domain).

    Whole numbers reach from −radius to radius (x and g times unit), those of a dtype without a sign from 0 to 2·radius. For real numbers
    `radius` is the number of terms in a sum.
    """
    streams = [STREAMS * draw_number + i for i in range(len(shapes))]
    drawn = _sampled(data, seed, streams, shapes, radius, unit, dtype)
    for i, domain in enumerate(domains, 2):
        if domain is not None:
            drawn[i] = _of_domain(seed, streams[i], shapes[i], *domain)
    return drawn


def _of_domain(seed: int, stream: int, shape: tuple[int, ...], least: int, greatest: int, parts: int, distinct: bool) -> Array:
    """Numbers n/parts, for whole n from least to greatest; with `distinct` none twice in one plane, the axes after the second."""
    count = greatest - least + 1
    if distinct:
        planes, plane = math.prod(shape[:2]), math.prod(shape[2:])
        chosen = _bits(seed, stream, planes * count).reshape(planes, count).argsort(1)[:, :plane].reshape(shape)
    else:
        chosen = (_bits(seed, stream, math.prod(shape)) % np.uint64(count)).astype(np.int64).reshape(shape)
    sampled: Array = (chosen + least) / parts
    return sampled


def _sampled(
    data: str, seed: int, streams: list[int], shapes: list[tuple[int, ...]], radius: int, unit: int, dtype: str
) -> list[Array]:
    """Of these data, whatever the domains."""
    if data in REAL:
        return [real(data, seed, stream, shape, i, radius, dtype) for i, (stream, shape) in enumerate(zip(streams, shapes))]
    radii = [1 if i and data == "digits" else radius for i in range(len(shapes))]
    drawn = [draw(seed, stream, shape, r) for stream, shape, r in zip(streams, shapes, radii)]
    if data == "distinct":
        ranks = _bits(seed, streams[0], math.prod(shapes[0])).argsort().argsort().reshape(shapes[0])
        drawn[0] = (ranks - ranks.size // 2).astype(np.float64)
    if data == "impulses":
        return [_impulses(shape) for shape in shapes]
    if unsigned(dtype):
        drawn = [a - a.min() if data == "distinct" and i == 0 else a + r for i, (a, r) in enumerate(zip(drawn, radii))]
    drawn[:2] = [a * unit for a in drawn[:2]]
    if data == "zeros":
        return [_sparse(seed, stream, a) for stream, a in zip(streams, drawn)]
    if data in MARKS:
        drawn[0].flat[_marked(data, seed, streams[0], shapes[0])] = MARKS[data]
    return drawn


def _marked(data: str, seed: int, stream: int, shape: tuple[int, ...]) -> Array:
    """Which pixels are no finite numbers, counted through the array."""
    count = math.prod(shape)
    if data == "infinities":
        return np.flatnonzero((np.arange(count) < count // shape[0]) | _one_in_four(seed, stream, count))
    at = int(_bits(seed, stream, 1)[0] % np.uint64(count))
    return np.array([at, (at + 1) % count] if data == "nans" else [at])


def _sparse(seed: int, stream: int, a: Array) -> Array:
    """Three in four become 0. All zeros of a plane have one sign: −0 in every other plane, from the first on."""
    planes = np.arange(math.prod(a.shape[:2])).reshape(*a.shape[:2], *(1,) * (a.ndim - 2))
    kept = _one_in_four(seed, stream, a.size).reshape(a.shape) & (a != 0)
    sparse: Array = np.where(kept, a, np.where(planes % 2, 0.0, -0.0))
    return sparse


def _one_in_four(seed: int, stream: int, count: int) -> Array:
    chosen: Array = _bits(seed, stream, count) >> np.uint64(62) == 0
    return chosen


def draw(seed: int, stream: int, shape: tuple[int, ...], radius: int) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Whole numbers from −radius to radius, all as likely: splitmix64 of a counter (Steele, Lea & Flood 2014).

    Streams of one seed, and seeds, are independent: stream 0 is x, 1 the cotangent, 2 and on the weights.
    """
    whole, count = np.empty(math.prod(shape)), 2 * radius + 1
    for at, bits in _blocks(seed, stream, whole.size):
        bits -= bits // count * count  # NumPy divides by one number faster than it takes remainders
        np.subtract(bits.view(np.int64), radius, out=whole[at : at + BLOCK], casting="unsafe")
    return whole.reshape(shape)


MARKS = {"nan": math.nan, "nans": math.nan, "infinity": math.inf, "infinities": -math.inf}
"""What some pixels of x are, for the data that show where it may spread."""

REAL = ("normal", "wide", "cancelling", "large", "overflowing", "saturating", "subnormal")
"""The data of real numbers."""


def real(data: str, seed: int, stream: int, shape: tuple[int, ...], place: int, terms: int, dtype: str) -> Array:
    """Real numbers that are exact in `dtype`, made by exact steps only, so that every machine draws the same.

    `place`: 0 for x, 1 for g, 2 and on for weights. normal: a sum of eight uniform numbers. wide: exponents spread evenly over 2^±20
    (2^±4 in float16). cancelling: x and g about 1, weights about 1 with alternating signs. large: x near the square root of the largest
    number, weights as small. overflowing: products near the largest number divided by the terms of a sum, over it here and there.
    saturating: above 0, products from a quarter of the largest number up to it. subnormal: products about as large as the smallest normal
    number.
    """
    digits, least, most = FORMATS[dtype]
    count = math.prod(shape)
    bits = _bits(seed, stream, count)
    sign = np.where(bits >> np.uint64(63), -1.0, 1.0)
    fraction = _fraction(bits, digits)
    choice = ((bits >> np.uint64(55)) % np.uint64(256)).astype(np.int64)
    if data == "normal":
        uniform = _bits(seed, stream, 8 * count).reshape(count, 8) >> np.uint64(24)
        grid = 2.0 ** max(least - digits + 1, -40)  # float16 holds no smaller steps
        return rounded(np.rint((uniform.astype(np.float64).sum(1) - 2.0**42) / 2.0**40 / grid) * grid, digits).reshape(shape)
    if data == "wide":
        reach = 4 if dtype == "float16" else 20
        values = sign * np.ldexp(fraction, choice % (2 * reach + 1) - reach)
    elif data == "cancelling":
        near = rounded(1 + (fraction - 1) / 16, digits)
        values = near if place < 2 else near * np.where(np.arange(count) % 2, -1.0, 1.0)
    elif data == "large":
        size = most // 2 - 4
        values = sign * np.ldexp(fraction, (size, 0, -size)[min(place, 2)] - choice % 2)
    elif data == "overflowing":
        half = (most - terms.bit_length()) / 2
        values = sign * np.ldexp(fraction, math.ceil(half) - choice % 3)
    elif data == "saturating":
        values = np.ldexp(fraction, most // 2)
    else:
        values = sign * np.ldexp(fraction, least // 2 - choice % 3)
    return values.reshape(shape)


def _fraction(bits: Array, digits: int) -> Array:
    """Numbers in [1, 2) with that many significant bits."""
    tail = (bits % np.uint64(1 << (digits - 1))).astype(np.float64)
    return 1 + np.ldexp(tail, 1 - digits)


def rounded(a: Array, digits: int) -> Array:
    """To that many significant bits, to nearest, ties to even."""
    mantissa, exponent = np.frexp(a)
    nearest: Array = np.ldexp(np.rint(np.ldexp(mantissa, digits)), exponent - digits)
    return nearest


def _impulses(shape: tuple[int, ...]) -> Array:
    """In every batch element one pixel is 1, each in its turn."""
    a = np.zeros((shape[0], math.prod(shape[1:])))
    if a.size:
        a[np.arange(shape[0]), np.arange(shape[0]) % a.shape[1]] = 1
    return a.reshape(shape)


def _bits(seed: int, stream: int, count: int) -> Array:
    bits = np.empty(count, np.uint64)
    for at, block in _blocks(seed, stream, count):
        bits[at : at + BLOCK] = block
    return bits


def _blocks(seed: int, stream: int, count: int) -> Iterator[tuple[int, Array]]:
    """So many random numbers in blocks, each with the number of those before it."""
    start = _mixed(np.array([(seed * STEP + stream + 1) & MASK], np.uint64))
    for at in range(0, count, BLOCK):
        z = np.arange(at + 1, min(at + BLOCK, count) + 1, dtype=np.uint64)
        z *= STEP
        z += start
        yield at, _mixed(z)


def _mixed(z: Array) -> Array:
    """In place."""
    z ^= z >> 30
    z *= 0xBF58476D1CE4E5B9
    z ^= z >> 27
    z *= 0x94D049BB133111EB
    z ^= z >> 31
    return z


def digests(draws: Iterable[Iterable[Array]], dtype: str) -> list[str]:
    """One for each output: of its values on all draws, in the order of their indices, as numbers of this dtype. -0 counts as 0."""
    found: list[Any] = []
    for outputs in draws:
        for i, values in enumerate(outputs):
            if i == len(found):
                found.append(hashlib.sha256(usedforsecurity=False))
            found[i].update(np.asarray(np.add(values, 0, dtype=dtype, order="C", casting="unsafe")).data)
    return [one.hexdigest() for one in found]


def pack(header: dict[str, Any], body: bytes = b"") -> bytes:
    """One message."""
    text = json.dumps(header).encode()
    return struct.pack("<II", len(text), len(body)) + text + body


def _read(source: BinaryIO) -> dict[str, Any] | None:
    lengths = source.read(8)
    if len(lengths) < 8:
        return None
    header, _ = struct.unpack("<II", lengths)
    return json.loads(source.read(header))  # type: ignore[no-any-return]


def main() -> None:
    """Take the pipes away from whatever prints or reads, then answer until they close."""
    source, sink = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)

    def send(header: dict[str, Any], body: bytes = b"") -> None:
        sink.write(pack(header, body))
        sink.flush()

    hello = _read(source)
    if hello is None:
        return
    glue: dict[str, Any] = {"__name__": "glue", FILE: hello.get("file", "the backend")}
    _confine(hello.get("memory"))
    try:
        exec(compile(hello["glue"], "glue", "exec"), glue)
        versions = _of_strings("version", glue)
        for name in ("array", "numpy", "dtype", "together" if "together" in glue else "answers"):
            _defined(name, glue)
        facts = {"cpu_isa": instruction_set(), **(_of_strings("facts", glue) if "facts" in glue else {})}
        if "together" not in glue:
            glue["_one"] = _one_by_one(glue["answers"], glue[FILE])
        send({"kind": "ready", "versions": versions, "facts": facts, "python": sys.version.split()[0], "numpy": np.__version__})
    except BaseException as error:
        send({"kind": "failed", **_sentence(error)})
        return
    while (message := _read(source)) is not None:
        _answer(message["jobs"], glue, send)


def instruction_set() -> str:
    """The vector and matrix instructions of this processor, as the operating system names them; else the name of the architecture."""
    with suppress(OSError), open("/proc/cpuinfo") as lines:
        named = next((line for line in lines if line.lower().startswith(("flags", "features"))), "")
        if found := sorted({word for word in named.split() if re.match("sse4|avx|amx|asimd|sve|bf16|i8mm", word)}):
            return " ".join(found)
    return os.uname().machine if hasattr(os, "uname") else "unknown"


def _confine(memory: int | None) -> None:
    """Take no more memory than that, fill no disk with noise, and end with whoever asked."""
    with suppress(ImportError, OSError, ValueError, AttributeError):
        import resource

        resource.setrlimit(resource.RLIMIT_FSIZE, (LARGEST_FILE, LARGEST_FILE))
        if memory is not None:
            resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def _answer(jobs: list[dict[str, Any]], glue: dict[str, Any], send: Any) -> None:
    if "together" not in glue:
        batches = [[job] for job in jobs]
    else:
        shared = [job for job in jobs if job["check"] != "shape"]
        batches = [batch for batch in (shared, *([job] for job in jobs if job["check"] == "shape")) if batch]
    for batch in batches:
        send({"kind": "began", "jobs": [job["id"] for job in batch]})
        if not _answer_together(batch, glue, send):
            return
    if "forget" in glue:
        glue["forget"]()


def _answer_together(jobs: list[dict[str, Any]], glue: dict[str, Any], send: Any) -> bool:
    """False if all were lost to the fault of one, and must be asked apart."""
    functions, first, changed = {}, {}, {}
    for job in list(jobs):
        try:
            functions[job["id"]] = _function(job)
            first[job["id"]] = _data(job, 0, glue)
        except Exception as error:
            _send_answer(job, [((), error)], glue, send)
            jobs.remove(job)
    if not jobs:
        return True
    if jobs[0]["check"] == "shape":
        _send_inferred(jobs[0], functions[jobs[0]["id"]], first[jobs[0]["id"]], glue, send)
        return True
    rounds: list[Any] = []
    held = {job["id"]: _held(first[job["id"]], glue) for job in jobs}
    try:
        call = glue["together" if "together" in glue else "_one"]([functions[job["id"]] for job in jobs])
        for number in (0, 0, *range(1, max(job["draws"] for job in jobs))):
            data = [first[job["id"]] if number == 0 or number >= job["draws"] else _data(job, number, glue) for job in jobs]
            rounds.append(call(data))
            if len(rounds) == 1:
                changed = {job["id"]: _changed(held[job["id"]], first[job["id"]], glue) for job in jobs}
            if all(error and not outputs for outputs, error in rounds[-1]):
                break
    except Exception as error:
        if len(jobs) > 1:
            send({"kind": "split"})
            return False
        rounds.append([((), error)])
    for i, job in enumerate(jobs):
        _send_answer(job, [results[i] for results in rounds[: 1 + job["draws"]]], glue, send, changed.get(job["id"], []))
    return True


def _function(job: dict[str, Any]) -> Any:
    scope: dict[str, Any] = {"__name__": "text"}
    exec(compile(job["text"], "text", "exec"), scope)
    return scope["f"]


def _data(job: dict[str, Any], number: int, glue: dict[str, Any]) -> tuple[list[Any], Any]:
    """(x and the weights, g) of one draw, as the framework's own arrays; g is None where no gradients are wanted."""
    shapes = [tuple(shape) for shape in (job["x"], job["y"], *job["w"])]
    drawn: list[Any]
    if job["given"] is not None:
        drawn = [None if rows is None else np.array(rows, np.float64).reshape(shape) for rows, shape in zip(job["given"], shapes)]
    else:
        how = {name: job[name] for name in ("radius", "unit", "dtype", "domains")}
        drawn = numbers(job["data"], job["seed"], number, shapes, **how)
    ungraded = job["dtype"] in WHOLE or not job["gradients"]
    x, g, *w = (None if a is None or (ungraded and i == 1) else glue["array"](a, job["dtype"]) for i, a in enumerate(drawn))
    return [x, *w], g


def _held(data: tuple[list[Any], Any], glue: dict[str, Any]) -> list[bytes | None]:
    """What x, the weights and g hold; None for one that cannot be read, and for g where no gradients are wanted."""
    args, g = data
    held: list[bytes | None] = []
    for a in (*args, g):
        held.append(None)
        with suppress(Exception):
            held[-1] = None if a is None else np.asarray(glue["numpy"](a)).tobytes()
    return held


def _changed(before: list[bytes | None], data: tuple[list[Any], Any], glue: dict[str, Any]) -> list[str]:
    """The names of the arguments that no longer hold what was put in: x, w (w0, w1 … where there are several), g."""
    weights = len(data[0]) - 1
    names = ["x", *(["w"] if weights == 1 else [f"w{i}" for i in range(weights)]), "g"]
    return [name for name, was, now in zip(names, before, _held(data, glue)) if was not in (None, now)]


def _one_by_one(answers: Any, file: str) -> Any:
    """`together` for a framework that answers one at a time: y, then the gradients unless there is no cotangent."""

    def together(functions: list[Any]) -> Any:
        def call(data: list[Any]) -> list[tuple[list[Any], Exception | None]]:
            return [one(f, args, g) for f, (args, g) in zip(functions, data)]

        return call

    def one(f: Any, args: list[Any], g: Any) -> tuple[list[Any], Exception | None]:
        outputs: list[Any] = []
        try:
            given = answers(f, args, g)
            if not hasattr(given, "__next__"):
                rule = "it must yield y, then one gradient for each of args"
                raise BadGlue(f"{file}: answers(f, args, g) returned {_received(given)}, but {rule}")
            for output in given:
                outputs.append(output)
                if g is None:
                    break
        except Exception as error:
            return outputs, error
        return outputs, None

    return together


def _send_answer(job: dict[str, Any], rounds: list[Any], glue: dict[str, Any], send: Any, changed: Any = ()) -> None:
    """rounds: the first draw's results, the same once more, then those of the further draws. changed: the names of arguments."""
    outputs, more, bodies, error = [], [], [], rounds[0][1]
    try:
        if job.get("digest") and (digests := _digests(rounds, glue, job["digest"])):
            send({"kind": "done", "job": job["id"], "outputs": [], "digests": digests, "changed": list(changed)})
            return
        again = [_described(t, glue)[1].tobytes() for results, _ in rounds[1:2] for t in results]
        for i, t in enumerate(rounds[0][0]):
            described, data = _on_the_wire(t, glue)
            outputs.append({**described, "repeats": i < len(again) and again[i] == data})
            bodies.append(data)
        for results, stopped in rounds[2:]:
            sent = [_on_the_wire(t, glue) for t in results]
            more.append([described for described, _ in sent])
            bodies.extend(data for _, data in sent)
            error = error or stopped
    except Exception as raised:
        error = raised
    header = {"kind": "done", "job": job["id"], "outputs": outputs, "more": more, "changed": list(changed)}
    send({**header, **({} if error is None else _sentence(error))}, b"".join(bodies))


def _digests(rounds: list[Any], glue: dict[str, Any], dtype: str) -> list[dict[str, Any]]:
    """What is sent of each output instead of its values. Empty where the values are sent all the same: if a run raised an error, if draws
    differ in dtype or shape, or if `dtype` does not hold the values."""
    if any(error for _, error in rounds):
        return []
    first, again, *more = ([_described(t, glue) for t in results] for results, _ in rounds)
    if any([(name, a.shape) for name, a in one] != [(name, a.shape) for name, a in first] for one in (again, *more)):
        return []
    if not all(np.can_cast(a.dtype, dtype) for one in (first, *more) for _, a in one):
        return []
    found = digests(([a for _, a in one] for one in (first, *more)), dtype)
    return [
        {"dtype": name, "shape": list(a.shape), "digest": one, "repeats": a.tobytes() == b.tobytes()}
        for one, (name, a), (_, b) in zip(found, first, again)
    ]


def _send_inferred(job: dict[str, Any], f: Any, data: tuple[list[Any], Any], glue: dict[str, Any], send: Any) -> None:
    """What the framework infers of shapes without running, each with what running gives, if that is not y itself."""
    outputs, inferred, body, error = [], [], b"", None
    try:
        described, body = _on_the_wire(f(*data[0]), glue)
        outputs = [{**described, "repeats": True}]
        for way, said, ran in glue["infer"](f, data[0]):
            inferred.append([str(way), _plain(said), None if ran is None else _plain(ran)])
    except Exception as raised:
        error = raised
    header = {"kind": "done", "job": job["id"], "outputs": outputs, "more": [], "inferred": inferred}
    send({**header, **({} if error is None else _sentence(error))}, body)


def _plain(shape: Any) -> list[int | None]:
    return [None if n is None else int(n) for n in shape]


def _on_the_wire(t: Any, glue: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
    dtype, a = _described(t, glue)
    return {"dtype": dtype, "travels": str(a.dtype), "shape": list(a.shape)}, a.tobytes()


def _described(t: Any, glue: dict[str, Any]) -> tuple[str, Any]:
    a, dtype = np.asarray(glue["numpy"](t), order="C"), glue["dtype"](t)
    if not isinstance(dtype, str):
        raise BadGlue(f"{glue[FILE]}: dtype(t) returned {_received(dtype)}, but it must return a string, such as 'float32'")
    return dtype, a.astype(a.dtype.newbyteorder("="), copy=False) if a.dtype.kind in "biufc" else a.astype(np.float64)


class BadGlue(TypeError):
    """A function of the glue returned what it must not. The message says what, and what to return."""


def _defined(name: str, glue: dict[str, Any]) -> Any:
    if not callable(glue.get(name)):
        raise BadGlue(f"{glue[FILE]}: the glue defines no function `{name}`")
    return glue[name]


def _of_strings(function: str, glue: dict[str, Any]) -> dict[str, str]:
    found = _defined(function, glue)()
    if isinstance(found, dict) and all(isinstance(word, str) for item in found.items() for word in item):
        return {str(name): str(value) for name, value in found.items()}
    rule = "it must return a dictionary of strings, such as {'numpy': numpy.__version__}"
    raise BadGlue(f"{glue[FILE]}: {function}() returned {_received(found)}, but {rule}")


def _received(value: Any) -> str:
    text = repr(value)
    return f"{text if len(text) <= 80 else text[:79] + '…'} ({type(value).__name__})"


def _sentence(error: BaseException) -> dict[str, str]:
    if isinstance(error, BadGlue):
        return {"error": clean(str(error))[:4000]}
    return {"error": clean("".join(traceback.format_exception_only(type(error), error)).strip())[:4000]}


def clean(text: str) -> str:
    """Without the escape sequences of a terminal and without control characters, and such that it can be written as UTF-8."""
    return ESCAPES.sub("", text).encode("utf-8", "replace").decode()


if __name__ == "__main__":
    main()
