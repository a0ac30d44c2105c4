"""The page as people use it, in headless Chromium: filter, drill down, copy, share, read in the dark, and be attacked.

Skipped where there is no Chromium with its driver, unless CONCORDANT_BROWSER=required.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.select import Select
from selenium.webdriver.support.wait import WebDriverWait

from tests.browser import THERE, Window, chromium
from tests.sample_reports import TRANSPOSE, UPSAMPLE, full, record, report
from tests.test_report_formats import HOSTILE
from tests.tiers import sampled, slow

REQUIRED = os.environ.get("CONCORDANT_BROWSER") == "required"

pytestmark = pytest.mark.skipif(not THERE and not REQUIRED, reason="no Chromium with chromedriver here (`make browser`)")

CONTRAST = """
const linear = (c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
const channels = (color) => color.match(/[\\d.]+/g).slice(0, 3).map((c) => linear(c / 255));
const light = (color) => channels(color).reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
const page = light(getComputedStyle(document.body).backgroundColor);
return [...document.querySelectorAll("body, h1, a, .dim, .agree, .known, .new, label")].map((one) => {
  const [dark, bright] = [light(getComputedStyle(one).color), page].sort((a, b) => a - b);
  return (bright + 0.05) / (dark + 0.05);
});
"""

FOREIGN = """
return [...document.body.querySelectorAll("*")].filter((e) =>
  ["IMG", "B", "X", "IFRAME", "OBJECT"].includes(e.tagName)
  || (e.tagName === "SCRIPT" && document.scripts[0] !== e && document.scripts[1] !== e)
  || (e.tagName === "H1" && e !== document.querySelector("h1"))
  || [...e.attributes].some(({ name, value }) => /^on|^src$|^style$/.test(name) || (name === "href" && !/^(#|https:)/.test(value)))
).map((e) => e.outerHTML.slice(0, 200));
"""


@pytest.fixture(scope="module")
def driver() -> Iterator[Chrome]:
    with chromium() as started:
        yield started


@pytest.fixture
def window(driver: Chrome, tmp_path: Path) -> Iterator[Window]:
    """A page whose script never fails and that never asks a network for anything."""
    made = Window(driver, tmp_path)
    yield made
    assert made.complaints() == []
    assert made.run("return performance.getEntriesByType('resource').map((one) => one.name)") == []
    made.media()


def test_filters_narrow_and_the_address_follows(window: Window) -> None:
    window.open(full())
    window.shows("8 of 8 results")
    Select(window.field("runtime")).select_by_value("right")
    window.shows("3 of 8 results")
    Select(window.field("standing")).select_by_visible_text("✗ not known")
    Select(window.field("verdict")).select_by_value("crashed")
    window.shows("1 of 8 results, 1 kinds")
    assert window.fragment == "#runtime=right&standing=new&verdict=crashed"
    window.driver.back()
    window.shows("3 of 8 results")
    window.button("Clear").click()
    window.shows("8 of 8 results")


def test_search_reads_every_word(window: Window) -> None:
    window.open(full())
    search = window.field("search")
    search.send_keys("upsample CONV")
    window.shows("2 of 8 results")
    assert window.driver.switch_to.active_element == search
    search.send_keys(" nowhere")
    window.shows("0 of 8 results")
    assert window.all("#groups details") == []


@pytest.mark.parametrize(
    ("fragment", "count"),
    [
        ("", 8), ("#runtime=right", 3), ("#standing=new&verdict=crashed", 1), ("#q=upsample+conv", 2), ("#dtype=no", 0),
        ("#alone=alone", 0), ("#matrix", 8), ("#sense=none", 8), ("#%E0%A4%A", 8),
    ],
)  # fmt: skip
def test_a_fragment_is_a_state(fragment: str, count: int, window: Window) -> None:
    """One that is sent to somebody opens what was seen; one that means nothing opens everything."""
    window.open(full(), fragment)
    window.shows(f"{count} of 8 results")


def test_from_the_table_down_to_a_case_and_back(window: Window) -> None:
    """Operation by runtime, its answers, one of them: equation, picture, diagnosis, counterexample, code of all runtimes side by side."""
    window.open(full())
    window.one("#matrix a.new[href*='runtime=right'][href*='operation=Upsample']").click()
    window.shows("1 of 8 results")
    window.one("#groups summary").click()
    window.one("#groups li a").click()
    case = window.one("#case")
    WebDriverWait(window.driver, 10).until(lambda _: case.is_displayed())
    assert window.driver.switch_to.active_element.text == f"right: y of {UPSAMPLE}"
    facts = {name.text: value.text for name, value in zip(window.all("#case dt"), window.all("#case dd"), strict=True)}
    assert facts["verdict"].startswith("✗ differ")
    assert facts["diagnosis"] == "matches: plain, in step 2 (plain)"
    assert facts["wrong values"] == "3 of 12"
    assert facts["first at"] == "[0, 0, 1]: expected plain, got plain"
    assert facts["error / bound"] == "infinite"
    assert facts["P(missed)"] == "≤ 2^−33"
    assert "Smallest case that shows it" in case.text
    assert [code.text for code in window.all("#case .beside pre")] == ["plain", "def f(x):\n    return x"]
    window.button("Close").click()
    WebDriverWait(window.driver, 10).until(lambda _: not case.is_displayed())
    window.shows("1 of 8 results")


def test_the_equation_is_told(window: Window) -> None:
    made = full()
    window.open(made, f"#case={made.records[2].id}")
    assert window.one("#case > pre").text.startswith("ConvTranspose")
    assert "Σ" in window.one("#case > pre").text


def test_the_picture_shows_where_values_are_wrong(window: Window) -> None:
    """Of two rows of six cells, one in which some are wrong and one in which all are, in that order and in no others."""
    made = full()
    window.open(made, f"#case={made.records[1].id}")
    assert window.one("svg.map").get_attribute("aria-label") == "3 of 12 values are wrong, in 2 of 12 cells"
    assert len(window.all("svg.map .cell")) == 12
    left, right = window.all("svg.map .wrong")
    assert left.rect["x"] < right.rect["x"]
    assert left.rect["y"] == right.rect["y"] > window.one("svg.map").rect["y"] + 10
    assert float(left.value_of_css_property("fill-opacity")) < float(right.value_of_css_property("fill-opacity")) == 1
    assert len(window.all("svg.map .cross")) == 1
    assert window.one("#case figcaption").text.startswith("Down axis 1 (2), across axis 2 (6); the other axes laid over each other.")


def test_copy_fills_the_clipboard(window: Window) -> None:
    """What is pasted is what is shown."""
    made = full()
    window.open(made, f"#case={made.records[2].id}")
    shown = window.one("#case .copyable pre").text
    assert shown == f"concordant run --case '{TRANSPOSE}' --backend left"
    button = window.one("#case .copyable button")
    assert button.accessible_name == "Copy: Ask it again"
    button.click()
    WebDriverWait(window.driver, 10).until(lambda _: button.text == "Copied")
    window.run("document.body.append(document.createElement('textarea'))")
    area = window.one("body > textarea")
    area.send_keys(Keys.CONTROL, "v")
    assert area.get_property("value") == shown


def test_a_case_that_is_not_there_is_said(window: Window) -> None:
    window.open(full(), "#case=%3Cb%3Eabsent")
    assert window.one("#case h3").text == "No result has the id <b>absent"


def test_keys_alone_lead_to_an_answer(window: Window) -> None:
    """The first stop leads past everything to the answers; then Enter opens a kind and follows to the case."""
    window.open(full())
    window.one("body").send_keys(Keys.TAB)
    first = window.driver.switch_to.active_element
    assert first.text == "To the results"
    assert first.rect["x"] >= 0
    first.send_keys(Keys.ENTER)
    assert window.driver.switch_to.active_element.get_attribute("id") == "results"
    for _ in range(40):
        window.driver.switch_to.active_element.send_keys(Keys.TAB)
        if window.driver.switch_to.active_element.tag_name == "summary":
            break
    window.driver.switch_to.active_element.send_keys(Keys.ENTER)
    window.driver.switch_to.active_element.send_keys(Keys.TAB)
    window.driver.switch_to.active_element.send_keys(Keys.ENTER)
    WebDriverWait(window.driver, 10).until(lambda _: "case=" in window.fragment)
    focused = "return document.activeElement.id"  # an element that was fetched may be drawn anew before it is asked
    WebDriverWait(window.driver, 10).until(lambda driver: driver.execute_script(focused) == "case-title")


def test_every_control_and_landmark_has_a_name(window: Window) -> None:
    window.open(full(), f"#case={full().records[1].id}")
    named = window.all("button, select, input, nav, section, article#case, form, svg, a[href]")
    assert len(named) > 20
    assert [one.get_attribute("outerHTML") for one in named if one.is_displayed() and not one.accessible_name] == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_light_and_dark_can_be_read(scheme: str, window: Window) -> None:
    """The page follows the reader's system, and every colour of text stands out from it by 4.5 to 1 (WCAG AA)."""
    window.media(prefers_color_scheme=scheme)
    window.open(full())
    red = int(re.findall(r"\d+", window.one("body").value_of_css_property("background-color"))[0])
    assert (red < 64) == (scheme == "dark")
    contrasts = window.run(CONTRAST)
    assert len(contrasts) > 20
    assert min(contrasts) >= 4.5


def test_print_leaves_out_what_paper_cannot_do(window: Window) -> None:
    window.media("print", prefers_color_scheme="dark")
    window.open(full(), f"#case={full().records[1].id}")
    assert [one.is_displayed() for one in window.all("form, nav, button")] == [False] * len(window.all("form, nav, button"))
    assert window.one("#case").is_displayed()
    assert window.one("body").value_of_css_property("color") == "rgba(27, 31, 36, 1)"


def test_a_telephone_scrolls_one_way(window: Window) -> None:
    """What is wide scrolls in its own box."""
    telephone = {"width": 360, "height": 700, "deviceScaleFactor": 1, "mobile": True}
    window.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", telephone)
    try:
        window.open(full("a-long-word-" * 30), f"#case={full('a-long-word-' * 30).records[1].id}")
        assert window.run("return document.scrollingElement.scrollWidth") <= 360
    finally:
        window.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


@pytest.mark.parametrize("words", sampled(HOSTILE, HOSTILE[0]), ids=lambda words: ascii(words[:12]))
def test_words_do_nothing(words: str, window: Window) -> None:
    """In any field of any record, with everything opened: they are shown as words, and nothing of them becomes an element or runs."""
    made = full(words[:2000])
    window.open(made)
    title = window.driver.title
    for r in made.records:
        window.run("location.hash = `#${new URLSearchParams({ case: arguments[0] })}`; draw();", r.id)
        window.run("document.querySelectorAll('details').forEach((one) => { one.open = true; });")
        assert window.run("return document.getElementById('case').hidden") == (not r.id)
        assert window.run(FOREIGN) == []
    assert window.driver.title == title == "Concordant: 0.0 % interoperable"


@slow
def test_fifty_thousand_answers_are_usable(window: Window) -> None:
    """All are counted, filtered, searched, opened; the page draws a part of them at a time. How long it takes: benchmarks/page.py."""
    records = [
        record(
            f"Op{n // 10 % 20}(k={n // 6}) x=(1,)", ("left", "right")[n % 2], "differ" if n % 10 == 0 else "agree",
            output=f"d{n // 2 % 3}", reason=f"{n} of 60000 values are wrong", native=f"def f(x):\n    return x[{n}]\n", id=f"{n:012x}",
        )
        for n in range(50_000)
    ]  # fmt: skip
    window.open(report(records))
    window.shows("50000 of 50000 results")
    assert len(window.all("#groups details")) <= 100
    Select(window.field("verdict")).select_by_value("differ")
    window.shows("5000 of 50000 results")
    window.one("#groups summary").click()
    WebDriverWait(window.driver, 10).until(lambda _: len(window.all("#groups li")) == 100)
    window.button("150 more").click()
    assert len(window.all("#groups li")) == 200
    window.field("search").send_keys("op7(k=")
    window.shows("250 of 50000 results")
    window.one("#groups summary").click()
    window.one("#groups li a").click()
    assert window.one("#case h3").text.startswith("left: d")
    assert len(window.all("#case .beside pre")) == 2


@slow
def test_the_page_of_a_real_run_opens(window: Window) -> None:
    """That of docs/report/, made by `make report-docs`: all that its header counts is there, and leads down to native code."""
    window.driver.get((Path(__file__).parent.parent / "docs/report/index.html").as_uri())
    (asked,) = re.findall(r"(\d+) (?:answers|results) in suite", window.one("header").text)
    window.shows(f"{asked} of {asked} results")
    window.one("#matrix a.known").click()
    window.one("#groups summary").click()
    window.one("#groups li a").click()
    assert "y[" in window.one("#case > pre").text
    assert len(window.all("#case .beside pre")) == 6
