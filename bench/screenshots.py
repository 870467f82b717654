"""Screenshots of the pages for the README, all taken by one command.

    python -m bench.screenshots --home runs       a home that `make run` made

Needs Debian's Chromium (apt install chromium). Screenshots go to docs/pages.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

from agent.settings import load
from agent.web.app import LOOPBACK, build
from store.home.files import Home
from tests.standins.browser import chromium
from tests.standins.site import served

OUT = Path(__file__).parents[1] / "docs/pages"
QUESTION = "Is there an optimal length of reasoning?"


class Shot(NamedTuple):
    """A screenshot to take."""

    name: str
    path: str
    scheme: Any = "light"
    width: int = 1200
    question: str = ""


SHOTS = (
    Shot("overview", "/"),
    Shot("claim", "/claims/optimal-chain-length"),
    Shot("line", "/lines/size-and-faithfulness", "dark"),
    Shot("claims-phone", "/claims", "dark", 390),
    Shot("chat", "/chat", question=QUESTION),
    Shot("chat-phone", "/chat", "dark", 390, QUESTION),
    Shot("paper", "/papers/2503.04697"),
    Shot("runs", "/runs"),
    Shot("start", "/start"),
    Shot("editor", "/editor"),
    Shot("report", "/report"),
    Shot("settings", "/settings", "dark"),
)


def main() -> None:
    """Take all screenshots on a copy of the home, since asking leaves a thread."""
    options = argparse.ArgumentParser(description="Take screenshots of the pages.")
    options.add_argument("--home", default="runs")
    original = Home(Path(options.parse_args().home))
    OUT.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        home = Home(Path(folder) / "home")
        shutil.copytree(original.root, home.root, ignore=shutil.ignore_patterns("chats.sqlite*"))
        settings = load({"home": str(home.root), "writer": "none"})
        with served(build(settings, LOOPBACK)) as at, chromium() as browser:
            for shot in SHOTS:
                _take(browser, at, shot)


def _take(browser: Any, at: str, shot: Shot) -> None:
    context = browser.new_context(viewport={"width": shot.width, "height": 860}, color_scheme=shot.scheme)
    page = context.new_page()
    page.goto(at + shot.path, wait_until="networkidle")
    if shot.question:
        page.fill("#question", shot.question)
        page.keyboard.press("Enter")
        page.wait_for_selector(".answer", timeout=60_000)
        page.evaluate("scrollTo(0, 0)")
    page.screenshot(path=OUT / f"{shot.name}.png")
    context.close()


if __name__ == "__main__":
    main()
