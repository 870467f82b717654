"""The pages in a real browser: keyboard, widths, light and dark, streams, accessibility, hostile text."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

import store.claims
from agent.reports.forms import FORMS
from store.home.files import Home
from store.ledger import Ledger
from tests.conftest import make_claim, make_paper
from tests.hostile import HOSTILE
from tests.standins.browser import CHROMIUM, chromium, watched
from tests.standins.llm import fails, llm_server, streams
from tests.standins.site import site
from tests.test_chat import ASKED
from tests.test_chat import retested as retested
from tests.test_chat import talked as talked
from tests.test_report_formats import made_of
from tests.test_run import write_snapshot
from tests.test_web import PAGES, run_of

LIST = """- Longer chains help small models on hard tasks (2025-01, arXiv:2501.00001).
- Tools carry small models past the reasoning cliff (2026-01, arXiv:2601.00002).
"""
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine: apt install chromium"),
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1200, "height": 900})
    page = context.new_page()
    wrong = watched(page)
    yield page
    context.close()
    assert wrong == []


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 390)])
def test_no_page_has_an_accessibility_violation(
    browser: Browser, talked: Home, scheme: Any, width: int
) -> None:
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    page, found = context.new_page(), dict[str, Any]()
    with site(talked) as at:
        for path in (*PAGES, f"/runs/{run_of(talked)}"):
            page.goto(at + path)
            result = Axe().run(page)
            found |= {f"{path} {v['id']}": v["nodes"][0]["html"] for v in result.response["violations"]}
            overflow = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
            assert overflow <= 0, f"{path} is {overflow} px wider than the screen"
    context.close()
    assert found == {}


def test_a_question_by_keyboard_alone_its_quote_and_its_thread(page: Page, talked: Home) -> None:
    quote = make_paper(1).abstract.split(". ")[1] + "."
    said = streams(
        "The claim is relaxed [S1].\n", f"A paper narrows it: “{quote}” [S2].\n", "Nobody knows [S1].\n"
    )
    with llm_server(said) as server, site(talked, model=server.url) as at:
        page.goto(at + "/chat")
        page.keyboard.press("Tab")
        expect(page.locator(".skip")).to_be_focused()
        page.locator("#question").focus()
        page.keyboard.type(ASKED)
        page.keyboard.press("Enter")
        expect(page.locator(".answer .said")).to_have_count(2)
        expect(page.locator(".tools .dim")).to_contain_text("1 ungrounded statement left out")
        page.locator(".cite").nth(1).focus()
        page.keyboard.press("Enter")
        source = page.locator(".source:popover-open")
        expect(source).to_contain_text(quote)
        expect(source.locator("a", has_text="arXiv:2506.00001v1")).to_have_attribute(
            "href", "https://arxiv.org/abs/2506.00001v1"
        )
        page.keyboard.press("Escape")
        expect(source).to_have_count(0)
        assert "/chat/" in page.url
        page.reload()
        expect(page.locator(".turn h2")).to_have_text(ASKED)
        expect(page.locator(".threads [aria-current]")).to_have_text(ASKED)
        page.locator(".threads button").click()
        expect(page.locator(".threads")).to_contain_text("None yet.")


def test_a_slow_answer_shows_its_first_sentence_and_is_stopped_by_escape(page: Page, talked: Home) -> None:
    held = threading.Event()
    said = streams("The claim is relaxed [S1].\n", "Never seen [S1].", pause=lambda: held.wait(30))
    with llm_server(said) as server, site(talked, model=server.url) as at:
        page.goto(at + "/chat")
        page.fill("#question", ASKED)
        page.keyboard.press("Enter")
        expect(page.locator(".said")).to_contain_text("The claim is relaxed.")
        expect(page.locator("#stop")).to_be_visible()
        page.keyboard.press("Escape")
        expect(page.locator("#stop")).to_be_hidden()
        held.set()
        expect(page.locator(".turn")).not_to_contain_text("Never seen")


def test_a_failed_answer_says_so_and_falls_back_to_the_ledger(page: Page, talked: Home) -> None:
    with llm_server(fails(401)) as server, site(talked, model=server.url) as at:
        page.goto(at + "/chat")
        page.fill("#question", ASKED)
        page.keyboard.press("Enter")
        expect(page.locator(".answer")).to_contain_text("The model gave no answer")
        expect(page.locator(".answer")).to_contain_text("no model wrote anything")


def test_a_person_is_asked_before_an_action_and_may_refuse(page: Page, talked: Home) -> None:
    with llm_server(streams("It is relaxed [S1].")) as server, site(talked, model=server.url) as at:
        server.script = [streams(tools=[("start_retest", {"claim_ids": ["tuning-hurts"]})])]
        page.goto(at + "/chat")
        page.fill("#question", ASKED)
        page.keyboard.press("Enter")
        expect(page.locator(".may")).to_contain_text("Begin a retest of tuning-hurts?")
        page.get_by_role("button", name="No").click()
        expect(page.locator(".answer .said")).to_contain_text("It is relaxed.")


def test_claims_are_searched_while_typing_and_the_address_keeps_the_filters(page: Page, talked: Home) -> None:
    ledger = Ledger.open(talked.ledger)
    with ledger.write() as db:
        store.claims.save(db, make_claim("tools", text="Tools carry models past the cliff."), "2026-08-01")
    ledger.close()
    with site(talked) as at:
        page.goto(at + "/claims")
        expect(page.locator("tbody tr")).to_have_count(2)
        page.locator("#words").press_sequentially("cliff")
        expect(page.locator("tbody tr")).to_have_count(1)
        page.select_option("#verdict", "relaxed")
        expect(page.locator("#found")).to_contain_text("No claim has all of that")
        assert "q=cliff" in page.url
        assert "verdict=relaxed" in page.url
        page.reload()
        expect(page.locator("#words")).to_have_value("cliff")
        page.go_back()
        expect(page.locator("tbody tr")).to_have_count(1)


def test_import_shows_a_preview_first_and_then_adds(page: Page, talked: Home) -> None:
    with site(talked) as at:
        page.goto(at + "/editor")
        page.fill("#document", LIST)
        page.select_option("#into", "faith")
        page.get_by_role("button", name="Preview").click()
        expect(page.locator("tbody tr")).to_have_count(2, timeout=60_000)
        expect(page.locator("tbody")).to_contain_text("2501.00001")
        ledger = Ledger.view(talked.ledger)
        with ledger.read() as db:
            assert store.claims.count(db) == 1
        page.get_by_role("button", name="Import these").click()
        expect(page.locator("h2").first).to_have_text("Claims (3)")
        page.wait_for_load_state("networkidle")  # its charts may still be loading
        ledger.close()


def test_an_override_is_shown_as_a_persons_decision(page: Page, talked: Home) -> None:
    with site(talked) as at:
        page.goto(at + "/claims/tuning-hurts")
        page.get_by_text("Override the verdict").click()
        page.select_option("#override-verdict", "contradicted")
        page.fill("#reason", "I read all six.")
        page.fill("#by", "Ada")
        page.get_by_role("button", name="Override", exact=True).click()
        expect(page.locator(".override")).to_contain_text("The rule says relaxed")
        expect(page.locator(".facts .verdict")).to_have_text("contradicted")


def test_a_live_run_is_started_and_followed_to_its_end(page: Page, talked: Home, tmp_path: Path) -> None:
    papers = write_snapshot(tmp_path / "s.jsonl", [make_paper(n) for n in range(1, 9)])
    shutil.rmtree(talked.index)  # it was built with a different embedder from the bundled one
    (talked.root / "retest.toml").write_text(f'source = "snapshot"\nsnapshot = "{papers}"\n')
    ledger = Ledger.open(talked.ledger)
    with ledger.read() as db:
        assert store.claims.count(db) == 1
    ledger.close()
    with site(talked, source="snapshot", snapshot=str(papers)) as at:
        page.goto(at + "/runs")
        expect(page.locator("tbody tr")).to_have_count(1)
        page.get_by_role("button", name="Retest what is due").click()
        expect(page.locator("tbody tr")).to_have_count(2, timeout=90_000)
        page.locator("tbody a").first.click()
        expect(page.locator(".facts")).to_contain_text("complete", timeout=120_000)
        expect(page.locator("#live")).to_have_count(0)


def test_every_format_can_be_downloaded(page: Page, talked: Home) -> None:
    with site(talked) as at:
        for name, form in FORMS.items():
            page.goto(at + "/report?line=faith")
            page.get_by_label(f"{name}: ").check()
            with page.expect_download() as download:
                page.get_by_role("button", name="Download").click()
            assert download.value.suggested_filename.endswith(f".{form.suffix}")


def test_the_exported_page_works_with_the_network_off(browser: Browser, talked: Home, tmp_path: Path) -> None:
    (tmp_path / "r.html").write_bytes(FORMS["html"].render(made_of(talked)))
    context = browser.new_context(offline=True, java_script_enabled=True)
    page = context.new_page()
    wrong = watched(page)
    page.goto(f"file://{tmp_path}/r.html")
    sizes = page.evaluate("[...document.images].map(i => i.naturalWidth)")
    assert sizes
    assert all(size > 0 for size in sizes)
    assert (
        Axe().run(page, options={"rules": {"color-contrast": {"enabled": True}}}).response["violations"] == []
    )
    context.close()
    assert wrong == []


def test_two_hundred_hostile_strings_do_nothing_in_a_browser(
    page: Page, talked: Home, tmp_path: Path
) -> None:
    ledger = Ledger.open(talked.ledger)
    with ledger.write() as db:
        for n, text in enumerate(HOSTILE):
            said = " ".join(text.replace("\x00", "").split()) or "x"
            claim = make_claim(f"h{n}", text=said, durable_question=said, perishable_limitation=said)
            store.claims.save(db, claim, "2026-08-01T00:00:00+00:00")
    ledger.close()
    with site(talked) as at:
        for path in ("/", *(f"/claims?page={n}" for n in range(1, 6)), "/lines/faith", "/lines/faith?page=3"):
            page.goto(at + path)
            assert page.evaluate("window.hit") is None
        for n in range(0, 200, 20):
            page.goto(at + f"/claims/h{n}")
            assert page.evaluate("window.hit") is None
        for text in HOSTILE[::10]:
            page.goto(at + "/chat")
            page.fill("#question", text.replace("\x00", ""))
            page.keyboard.press("Enter")
            expect(page.locator(".answer")).to_be_visible()
            assert page.evaluate("window.hit") is None
    for name in ("html",):
        (tmp_path / "r.html").write_bytes(FORMS[name].render(made_of(talked)))
        page.goto(f"file://{tmp_path}/r.html")
        assert page.evaluate("window.hit") is None


def test_the_first_page_is_small(browser: Browser, talked: Home) -> None:
    context = browser.new_context()
    page, sizes = context.new_page(), list[int]()
    page.on("response", lambda r: sizes.append(len(r.body())))
    with site(talked) as at:
        page.goto(at, wait_until="networkidle")
    context.close()
    assert 0 < sum(sizes) < 150_000, json.dumps(sizes)
