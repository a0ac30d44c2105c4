"""The process that runs a framework. Needs only Python, NumPy and that framework, so it may live in another environment.

    python -I host.py        reads messages from descriptor 0, writes messages to descriptor 1
    message = two little-endian uint32 (length of header, length of body), a JSON header, raw bytes

It is told its glue once, then texts to run. Numbers are not sent but drawn here, from a seed. Each text is run twice on the same
numbers. "began" is sent before a text is first run and "done" after it, so that whoever watches knows what was running at a death.
"""

from __future__ import annotations

import json
import math
import os
import re
import struct
import sys
import traceback
from typing import Any, BinaryIO

import numpy as np

MASK = (1 << 64) - 1
ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\].*?(?:\x07|\x1b\\)|.)|[\x00-\x08\x0b-\x1f\x7f\x9b]", re.DOTALL)
LARGEST_HEADER = 1 << 24
LARGEST_BODY = 1 << 31


def draw(seed: int, stream: int, shape: tuple[int, ...], radius: int) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Whole numbers from −radius to radius, all as likely: splitmix64 of a counter (Steele, Lea & Flood 2014).

    Streams of one seed, and seeds, are independent: stream 0 is x, 1 the cotangent, 2 and on the weights.
    """
    start = _mixed(np.array([(seed * 0x9E3779B97F4A7C15 + stream + 1) & MASK], np.uint64))
    with np.errstate(over="ignore"):
        counter = start + np.arange(1, math.prod(shape) + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    return (_mixed(counter) % np.uint64(2 * radius + 1)).astype(np.int64).reshape(shape) - radius


def _mixed(z: np.ndarray[Any, np.dtype[np.uint64]]) -> np.ndarray[Any, np.dtype[np.uint64]]:
    with np.errstate(over="ignore"):
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


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
    glue: dict[str, Any] = {"__name__": "glue"}
    try:
        exec(compile(hello["glue"], "glue", "exec"), glue)
        send({"kind": "ready", "versions": glue["version"](), "python": sys.version.split()[0], "numpy": np.__version__})
    except BaseException as error:
        send({"kind": "failed", **_sentence(error)})
        return
    while (message := _read(source)) is not None:
        _answer(message["jobs"], glue, send)


def _answer(jobs: list[dict[str, Any]], glue: dict[str, Any], send: Any) -> None:
    if "together" in glue and len(jobs) > 1:
        _answer_together(jobs, glue, send)
    else:
        for job in jobs:
            send({"kind": "began", "jobs": [job["id"]]})
            try:
                prepared = _prepare(job, glue)
                ((first, second),) = _twice(glue["together"]([prepared]) if "together" in glue else _one_by_one(prepared, glue))
            except Exception as error:
                first = second = ((), error)
            _send_answer(job, first, second, glue, send)
    if "forget" in glue:
        glue["forget"]()


def _answer_together(jobs: list[dict[str, Any]], glue: dict[str, Any], send: Any) -> None:
    send({"kind": "began", "jobs": [job["id"] for job in jobs]})
    prepared = {}
    for job in jobs:
        try:
            prepared[job["id"]] = _prepare(job, glue)
        except Exception as error:
            _send_answer(job, ((), error), ((), error), glue, send)
    jobs = [job for job in jobs if job["id"] in prepared]
    try:
        results = _twice(glue["together"](list(prepared.values()))) if jobs else []
    except Exception as error:
        if len(jobs) > 1:
            send({"kind": "split"})
            return
        results = [(((), error), ((), error))]
    for job, (first, second) in zip(jobs, results):
        _send_answer(job, first, second, glue, send)


def _prepare(job: dict[str, Any], glue: dict[str, Any]) -> tuple[Any, list[Any], Any]:
    scope: dict[str, Any] = {"__name__": "text"}
    exec(compile(job["text"], "text", "exec"), scope)
    x, g, *w = (None if a is None else glue["array"](a, job["dtype"]) for a in _numbers(job))
    return scope["f"], [x, *w], g


def _numbers(job: dict[str, Any]) -> list[Any]:
    if job["given"] is not None:
        return [None if rows is None else np.array(rows, np.int64).reshape(shape) for rows, shape in zip(job["given"], _shapes(job))]
    drawn = [draw(job["seed"], stream, tuple(shape), job["radius"]) for stream, shape in enumerate(_shapes(job))]
    return [a * job["unit"] if stream < 2 else a for stream, a in enumerate(drawn)]


def _shapes(job: dict[str, Any]) -> list[Any]:
    return [job["x"], job["y"], *job["w"]]


def _one_by_one(job: tuple[Any, list[Any], Any], glue: dict[str, Any]) -> Any:
    def call() -> list[tuple[list[Any], Exception | None]]:
        outputs: list[Any] = []
        try:
            for output in glue["answers"](*job):
                outputs.append(output)
                if job[2] is None:
                    break
        except Exception as error:
            return [(outputs, error)]
        return [(outputs, None)]

    return call


def _twice(call: Any) -> list[tuple[Any, Any]]:
    return list(zip(call(), call()))


def _send_answer(job: dict[str, Any], first: Any, second: Any, glue: dict[str, Any], send: Any) -> None:
    outputs, body, error = [], b"", first[1]
    try:
        again = [_described(t, glue)[1].tobytes() for t in second[0]]
        for i, t in enumerate(first[0]):
            dtype, a = _described(t, glue)
            data = a.tobytes()
            repeats = i < len(again) and again[i] == data
            outputs.append({"dtype": dtype, "travels": str(a.dtype), "shape": list(a.shape), "repeats": repeats})
            body += data
    except Exception as raised:
        error = raised
    send({"kind": "done", "job": job["id"], "outputs": outputs, **({} if error is None else _sentence(error))}, body)


def _described(t: Any, glue: dict[str, Any]) -> tuple[str, Any]:
    a = np.asarray(glue["numpy"](t), order="C")
    return str(glue["dtype"](t)), a.astype(a.dtype.newbyteorder("="), copy=False) if a.dtype.kind in "biufc" else a.astype(np.float64)


def _sentence(error: BaseException) -> dict[str, str]:
    return {"error": clean("".join(traceback.format_exception_only(type(error), error)).strip())[:4000]}


def clean(text: str) -> str:
    """Without the escape sequences of a terminal, and such that it can be written as UTF-8."""
    return ESCAPES.sub("", text).encode("utf-8", "replace").decode()


if __name__ == "__main__":
    main()
