"""Standard output and error that may be closed, full, or read by somebody who leaves (`| head -1`).

What a command found out is in its files by then. A reader who left is no failure: exit status 141, as of a program that SIGPIPE ends.
"""

from __future__ import annotations

import errno
import io
import os
import sys
from typing import Any, TextIO

LEFT = 141
"""128 + SIGPIPE."""


class Output(io.TextIOWrapper):
    """Standard output. Raises SystemExit(141) where nothing more can be written; a full disk is reported on standard error."""

    def write(self, text: str) -> int:
        try:
            return super().write(text)
        except OSError as error:
            self.end(error)
            raise SystemExit(LEFT) from None

    def flush(self) -> None:
        try:
            super().flush()
        except OSError as error:
            self.end(error)
            raise SystemExit(LEFT) from None

    def end(self, error: OSError) -> None:
        """Let whatever is still buffered go nowhere."""
        _lead_nowhere(1)
        if error.errno != errno.EPIPE:
            print(f"concordant: standard output cannot be written: {error.strerror}", file=sys.stderr)


def write_bytes(content: bytes) -> None:
    """To standard output, which may be an `Output`."""
    try:
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()
    except OSError as error:
        if isinstance(sys.stdout, Output):
            sys.stdout.end(error)
        raise SystemExit(LEFT) from None


class Errors(io.TextIOWrapper):
    """Standard error: what cannot be written there is lost, and ends nothing."""

    def write(self, text: str) -> int:
        try:
            return super().write(text)
        except OSError:
            _lead_nowhere(2)
            return len(text)

    def flush(self) -> None:
        try:
            super().flush()
        except OSError:
            _lead_nowhere(2)


def prepare() -> None:
    """Open the standard descriptors that are closed, so that no file opens in their place, and replace sys.stdout and sys.stderr."""
    for descriptor in (0, 1, 2):
        try:
            os.fstat(descriptor)
        except OSError:
            _lead_nowhere(descriptor)
    sys.stdout = Output(open(1, "wb", closefd=False), **_as(sys.stdout))  # noqa: SIM115
    sys.stderr = Errors(open(2, "wb", closefd=False), **_as(sys.stderr))  # noqa: SIM115


def _as(stream: TextIO | None) -> dict[str, Any]:
    """How text is written to a stream that takes the place of another; no character fails there."""
    if stream is not None:
        stream.flush()
    at_once = isinstance(stream, io.TextIOWrapper) and (stream.line_buffering or stream.write_through)
    encoding = stream.encoding if stream is not None else "utf-8"
    return {"encoding": encoding, "errors": "backslashreplace", "line_buffering": at_once}


def _lead_nowhere(descriptor: int) -> None:
    nowhere = os.open(os.devnull, os.O_RDWR)
    if nowhere != descriptor:
        os.dup2(nowhere, descriptor)
        os.close(nowhere)
