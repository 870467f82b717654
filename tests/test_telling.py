"""People are notified of what changed, once, and of nothing else; a dead channel fails no run."""

from __future__ import annotations

import hashlib
import hmac
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from agent.adapters.channels.mail import Mail
from agent.adapters.channels.webhook import Webhook
from agent.errors import DeliveryError, SettingsError
from agent.ports.channels import Message
from agent.run import service
from agent.settings import load, shown
from agent.telling.badge import badge
from agent.telling.feed import ATOM, feed
from agent.telling.message import ChangedVerdict, News, as_html, as_text, message_of, news_of
from agent.telling.service import MOST_ATTEMPTS, tell
from agent.views.model import build
from store.home.files import Home
from store.ledger import Ledger
from store.records import Verdict, VerdictName
from tests.standins.http import Quiet, served
from tests.standins.llm import llm_server
from tests.test_cli import retest
from tests.test_reports import HOSTILE, contents
from tests.test_run import DAY, answer_by, parts_for, write_snapshot
from tests.test_writing import RECENT


def news(**changes: Any) -> News:
    cited = ("A quote.", "A title", "https://arxiv.org/abs/2606.00001v1")
    verdicts = ("still-holds", "relaxed", "small models only")
    changed = ChangedVerdict("tuning-hurts", "Tuning hurts.", *verdicts, *cited)
    return News("run-1", DAY, f"{DAY}T07:00:00+00:00", "complete", (), (changed,), 1, 0)._replace(**changes)


class Ear:
    """A channel that records messages, or is down."""

    def __init__(self, *, down: bool = False) -> None:
        self.heard: list[Message] = []
        self.down = down

    def send(self, told: Message) -> None:
        if self.down:
            raise DeliveryError("down", "later")
        self.heard.append(told)


@pytest.fixture
def ran(home: Home, tmp_path: Path) -> Home:
    """A home with one run that relaxed its claim."""
    with llm_server(answer_by(lambda _: "relaxes")) as server:
        snapshot = write_snapshot(tmp_path / "s.jsonl", RECENT[:2])
        with parts_for(home, snapshot, server.url) as parts:
            service.start(parts, DAY, [], [], lambda _: None, 2)
    return home


@contextmanager
def ledger_of(home: Home) -> Iterator[Ledger]:
    ledger = Ledger.open(home.ledger)
    yield ledger
    ledger.close()


def test_a_change_is_sent_once_per_channel_and_again_to_one_that_was_down(ran: Home) -> None:
    good, bad = Ear(), Ear(down=True)
    with ledger_of(ran) as ledger:
        for _ in range(2):
            done = tell(ran, ledger, {"good": good, "bad": bad}, "changes", lambda: "t")
            assert [f.split(":")[0] for f in done.failed] == ["bad"]
        bad.down = False
        assert tell(ran, ledger, {"good": good, "bad": bad}, "changes", lambda: "t") == (1, ())
    assert [m.run_id for m in good.heard] == [m.run_id for m in bad.heard]
    (change,) = good.heard[0].document["changes"]
    assert (change["before"], change["after"], change["url"]) == (
        "none yet",
        "relaxed",
        "https://arxiv.org/abs/2506.00002v1",
    )
    assert change["quote"].startswith("We find that fine-tuning lowers")


def test_a_first_verdict_that_holds_is_not_news() -> None:
    report = build(contents())
    run = replace(report.run, finished_at=f"{DAY}T07:00:00+00:00")  # type: ignore[type-var]  # there is one
    (change,) = report.changes
    untested = Verdict(None, "untested")
    cases: tuple[tuple[VerdictName, int], ...] = (("still-holds", 0), ("relaxed", 1))
    for after, told in cases:
        new = replace(change, before=untested, after=replace(change.after, name=after))
        said = news_of(replace(report, run=run, changes=[new]))
        assert said
        assert len(said.changes) == told


def test_a_channel_that_stays_down_is_given_up_on(ran: Home) -> None:
    bad = Ear(down=True)
    with ledger_of(ran) as ledger:
        tries = [tell(ran, ledger, {"bad": bad}, "changes", lambda: "t") for _ in range(MOST_ATTEMPTS + 2)]
    assert sum(len(t.failed) for t in tries) == MOST_ATTEMPTS


def test_nothing_new_is_reported_only_on_request(ran: Home, tmp_path: Path) -> None:
    with llm_server(answer_by(lambda _: "relaxes")) as server:
        snapshot = write_snapshot(tmp_path / "s.jsonl", RECENT[:2])
        with parts_for(ran, snapshot, server.url) as parts:
            service.start(parts, DAY, [], [], lambda _: None, 2)
    with ledger_of(ran) as ledger:
        for when, subjects in (("never", []), ("always", ["Retest 2026-09-01: no verdict changed"])):
            ear = Ear()
            tell(ran, ledger, {f"ear-{when}": ear}, when, lambda: "t")
            assert [m.subject for m in ear.heard] == subjects


def test_the_feed_is_atom_and_hostile_text_is_text() -> None:
    report = build(contents(quote=HOSTILE))
    told = news_of(replace(report, run=replace(report.run, finished_at=f"{DAY}T07:00:00+00:00")))  # type: ignore[type-var]  # there is one
    assert told
    root = etree.fromstring(feed([told], "home").encode())
    (content,) = root.findall(f"{{{ATOM}}}entry/{{{ATOM}}}content")
    inside = etree.fromstring(f"<div>{content.text}</div>", etree.HTMLParser())
    assert not inside.findall(".//script") + inside.findall(".//img")
    assert [a.get("href") for a in inside.findall(".//a")] == ["https://arxiv.org/abs/2506.00001v1"]
    assert "alert(1)" in as_text(told)


@given(st.text(max_size=60), st.text(max_size=60))
def test_any_text_makes_a_valid_feed_page_and_badge(text: str, other: str) -> None:
    (changed,) = news().changes
    whole = news(changes=(changed._replace(quote=text, claim=other),), reasons=(text,))
    etree.fromstring(feed([whole], "home").encode())
    assert "<script" not in as_html(whole)
    if all(c.isprintable() for c in text + other):
        etree.fromstring(badge(text, other, "#fff").encode())


class Post(Controller):
    """A mail server that keeps what it receives."""

    def __init__(self, **more: Any) -> None:
        self.got: list[Any] = []
        super().__init__(self, hostname="127.0.0.1", port=0, **more)

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        self.got.append(message_from_bytes(envelope.content, policy=policy.default))
        return "250 kept"

    def _trigger_server(self) -> None:  # the port is the system's choice
        self.port = self.server.sockets[0].getsockname()[1]  # type: ignore[union-attr]  # it serves by now
        super()._trigger_server()  # type: ignore[no-untyped-call]


def test_mail_has_both_formats_and_its_errors_no_password() -> None:
    post = Post()
    post.start()
    try:
        Mail(f"smtp://127.0.0.1:{post.port}", "retest@example.org", "a@example.org, b@example.org").send(
            message_of(news())
        )
    finally:
        post.stop()
    (mail,) = post.got
    assert (mail["Subject"], mail["To"]) == (
        "Retest 2026-09-01: 1 verdict changed",
        "a@example.org, b@example.org",
    )
    assert {p.get_content_type() for p in mail.walk()} >= {"text/plain", "text/html"}
    down = Mail("smtp://u:s3cret@127.0.0.1:9", "retest@example.org", "a@example.org")
    with pytest.raises(DeliveryError) as failed:
        down.send(message_of(news()))
    assert "s3cret" not in str(failed.value)
    for url in ("http://x", "smtp://", "smtp://h:port"):
        with pytest.raises(SettingsError):
            Mail(url, "a@example.org", "b@example.org")


@contextmanager
def hook(status: int = 200, headers: dict[str, str] | None = None) -> Iterator[tuple[str, list[Any]]]:
    got: list[Any] = []

    class Handler(Quiet):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            got.append((dict(self.headers), body))
            self.answer(status, b"", "text/plain", headers)

    with served(Handler) as address:
        yield address, got


def test_the_webhooks_body_is_signed() -> None:
    with hook() as (address, got):
        Webhook(address + "/token-123", "key").send(message_of(news()))
    ((headers, body),) = got
    assert headers["X-Retest-Signature-256"] == "sha256=" + hmac.new(b"key", body, hashlib.sha256).hexdigest()
    assert json.loads(body)["changes"][0]["after"] == "relaxed"


@pytest.mark.parametrize(("status", "headers"), [(500, None), (302, {"Location": "http://127.0.0.1:9/"})])
def test_a_webhook_that_refuses_or_redirects_is_a_failure(
    status: int, headers: dict[str, str] | None
) -> None:
    with hook(status, headers) as (address, _), pytest.raises(DeliveryError) as failed:
        Webhook(address + "/token-123", "key").send(message_of(news()))
    assert "token-123" not in str(failed.value)
    near = [(f"http://{host}/x", "key") for host in ("localhost.evil.example", "127.0.0.1@evil.example")]
    for url, secret in (("http://example.org/x", "key"), ("https://example.org/x", ""), *near):
        with pytest.raises(SettingsError):
            Webhook(url, secret)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # raised by apprise itself
def test_apprise_delivers_messages() -> None:
    from agent.adapters.channels.apprise import AppriseChannel

    with hook() as (address, got):
        AppriseChannel(address.replace("http://", "json://")).send(message_of(news()))
    assert json.loads(got[0][1])["title"] == "Retest 2026-09-01: 1 verdict changed"
    with pytest.raises(DeliveryError):
        AppriseChannel("json://127.0.0.1:9").send(message_of(news()))
    with pytest.raises(SettingsError):
        AppriseChannel("nonsense")


@pytest.mark.slow
def test_a_run_is_reported_and_never_fails_because_of_it(ran: Home, tmp_path: Path) -> None:
    snapshot = str(tmp_path / "s.jsonl")
    shutil.rmtree(ran.index)  # it was built with the tests' own embedder
    run = ("run", "--source", "snapshot", "--snapshot", snapshot)
    env = {"RETEST_WEBHOOK": "http://127.0.0.1:9/hook", "RETEST_WEBHOOK_SECRET": "k", "RETEST_TELL": "always"}
    done = retest(*run, home=ran.root, **env)
    assert (done.returncode, "not delivered: webhook" in done.stderr) == (0, True), done.stderr
    assert "relaxed" in ran.feed.read_text()
    with hook() as (address, got):
        later = retest("tell", home=ran.root, **env | {"RETEST_WEBHOOK": address})
    assert (later.returncode, len(got)) == (0, 1), later.stderr
    broken = retest(*run, home=ran.root, RETEST_SMTP_URL="nonsense")
    assert (broken.returncode, "not delivered: mail" in broken.stderr) == (0, True)


def test_badges_are_svg_and_secrets_are_masked(ran: Home) -> None:
    svg = retest("badge", "--claim", "tuning-hurts", home=ran.root).stdout
    assert etree.fromstring(svg.encode()).get("aria-label") == "tuning-hurts: relaxed"
    assert "1 relaxed" in retest("badge", "--line", "faith", home=ran.root).stdout
    assert retest("badge", home=ran.root).returncode == 2
    env = {"RETEST_WEBHOOK_SECRET": "short", "OPENAI_API_KEY": "k" * 40}
    rows = {name: value for name, value, *_ in shown(load({}, env))}
    assert (rows["webhook_secret"], rows["api_key"]) == ("****", "****kkkk")
