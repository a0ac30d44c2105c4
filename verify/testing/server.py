"""The process that judges: it reads messages from standard input and writes a reply to each on standard output."""

from __future__ import annotations

import sys
from typing import BinaryIO

import msgspec

from concordant_testing import Judge, Message, Plan, Refused, Reply
from spec import Impossible
from verify.testing.asking import Asking
from verify.testing.judging import judged


def main() -> None:
    """Answer until the input ends."""
    source, out = sys.stdin.buffer, sys.stdout.buffer
    sys.stdout = sys.stderr  # what is printed by accident is no reply
    asking: Asking | None = None
    while (message := _read(source)) is not None:
        try:
            if isinstance(message, Judge):
                reply: Reply = judged(message)
            elif isinstance(message, Plan):
                asking = Asking(message)
                reply = asking.draws
            else:
                assert asking
                reply = asking.verdict(message)
        except Impossible as why:
            reply = Refused(str(why))
        said = msgspec.msgpack.encode(reply)
        out.write(len(said).to_bytes(8, "little") + said)
        out.flush()


def _read(source: BinaryIO) -> Message | None:
    length = source.read(8)
    return msgspec.msgpack.decode(source.read(int.from_bytes(length, "little")), type=Message) if len(length) == 8 else None
