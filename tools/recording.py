"""docs/recording.svg: a terminal in which the first commands of README.md are typed and answered, as an animation in CSS.

python -m tools.recording > docs/recording.svg      takes the commands and their output from README.md, which tests hold to be real
"""

from __future__ import annotations

import re
from html import escape
from pathlib import Path

README = Path(__file__).resolve().parent.parent / "README.md"
SECONDS, WIDTH, LINE = 20.0, 118, 18
"""Of the whole; columns, and pixels of a line."""
MOST = 26
"""Lines on the screen."""

STYLE = """
text{font:13px ui-monospace,SFMono-Regular,Menlo,monospace;fill:#24292f;white-space:pre}.prompt{font-weight:700}
.page{fill:#fff;stroke:#d0d7de}@media(prefers-color-scheme:dark){text{fill:#e6edf3}.page{fill:#14171a;stroke:#363c43}}
.scene{opacity:0}@keyframes shown{from{opacity:1}to{opacity:1}}
@media(prefers-reduced-motion:reduce){.scene{animation:none!important}.scene:first-of-type{opacity:1}}
"""


def commands() -> list[tuple[str, list[str]]]:
    """The first three commands of README.md that ask about calls, with the lines they print."""
    blocks = re.findall(r"```console\n\$ (concordant (?:compare|explain|port) .*?)\n(.*?)```", README.read_text(), re.DOTALL)
    return [(command, output.rstrip().splitlines()) for command, output in blocks[:3]]


def recording() -> str:
    """One scene after the other, each as long as the others; a description for who does not see it."""
    scenes, each = commands(), SECONDS / len(commands())
    high = 30 + LINE * (MOST + 1)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 960 {high}" role="img" aria-labelledby="t d"><style>{STYLE}</style>',
        '<title id="t">Three questions to concordant</title>',
        f'<desc id="d">{escape("; ".join(command for command, _ in scenes))}</desc>',
        f'<rect class="page" x="0.5" y="0.5" width="959" height="{high - 1}" rx="8"/>',
    ]
    for i, (command, output) in enumerate(scenes):
        shown = [f"$ {command}", *output][:MOST]
        lines = "".join(_line(j, text) for j, text in enumerate(shown))
        share = 100 * each / SECONDS
        keys = f"@keyframes s{i}{{0%,{share:.2f}%{{opacity:1}}{share + 0.01:.2f}%,100%{{opacity:0}}}}"
        timing = f"animation:s{i} {SECONDS}s {i * each - SECONDS:.2f}s infinite"
        parts.append(f'<style>{keys}</style><g class="scene" style="{timing}">{lines}</g>')
    return "".join(parts) + "</svg>\n"


def _line(j: int, text: str) -> str:
    cut = text if len(text) <= WIDTH else text[: WIDTH - 1] + "…"
    kind = ' class="prompt"' if j == 0 else ""
    return f'<text{kind} x="14" y="{28 + LINE * j}">{escape(cut)}</text>'


if __name__ == "__main__":
    print(recording(), end="")
