"""Debian's Chromium, headless, driven by Playwright; it can reach only this machine."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Browser, sync_playwright

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
QUIET = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(QUIET))
        try:
            yield browser
        finally:
            browser.close()


def watched(page: Any) -> list[str]:
    """Collects what a page should not do, as it happens: errors, dialogs, requests to other machines."""
    found: list[str] = []

    def refuse(dialog: Any) -> None:
        found.append(f"dialog {dialog.message}")
        dialog.dismiss()

    page.on("pageerror", lambda error: found.append(f"error: {error}"))
    page.on("console", lambda m: found.append(f"console: {m.text}") if m.type == "error" else None)
    page.on("request", lambda r: found.append(f"asked {r.url}") if not _is_ours(r.url) else None)
    page.on("dialog", refuse)
    return found


def _is_ours(url: str) -> bool:
    return url.startswith(("http://127.0.0.1:", "data:", "about:", "file:"))
