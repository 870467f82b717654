"""What changed: pages, reports, messages, the feed and answers give the same counts."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path

import pytest
from lxml import etree

import store.claims
import store.lines
import store.runs
import store.verdicts
from agent.chat.ledger.answers import answer_exactly
from agent.chat.ledger.query import LedgerQuery
from agent.ports.channels import Message
from agent.reports import building
from agent.reports.forms import FORMS
from agent.telling.feed import ATOM
from agent.telling.service import tell
from agent.views.run import overview_page, run_page
from agent.views.wording import changes_told, sentence
from store.home.files import Home
from store.ledger import Ledger
from store.records import Line, Run, Verdict
from tests.conftest import make_claim

TOLD = (
    Verdict(None, "untested"), Verdict(None, "untested", open_leads=2),
    Verdict("still-holds", "unchallenged"), Verdict("still-holds", "reconfirmed"),
    Verdict("relaxed", "narrowed"), Verdict("contradicted", "refuted"),
)  # fmt: skip


class Ear:
    """A channel that records messages."""

    def __init__(self) -> None:
        self.heard: list[Message] = []

    def send(self, message: Message) -> None:
        self.heard.append(message)


def history(ledger: Ledger, seed: int) -> Counter[bool]:
    """Some weeks of random verdicts. Returns the last week's flips of active claims by whether first."""
    dice = random.Random(seed)
    ids = [f"c{n}" for n in range(dice.randint(1, 30))]
    stands = dict.fromkeys(ids, "none yet")
    weeks = dice.randint(1, 4)
    flips: Counter[bool] = Counter()
    with ledger.write() as db:
        store.lines.save_all(db, [Line("faith", "Faithfulness", "Is reasoning faithful?")])
        for claim_id in ids:
            store.claims.save(db, make_claim(claim_id), "t")
        retired = {i for i in ids if dice.random() < 0.1}
        for claim_id in retired:
            store.claims.retire(db, claim_id)
        for week in range(1, weeks + 1):
            day, flips = f"2026-09-{week:02d}", Counter()
            run = Run(f"run-{week}", f"{day}T06:00:00+00:00", day, "snapshot", "j", {}, "complete",
                      finished_at=f"{day}T07:00:00+00:00")  # fmt: skip
            store.runs.start(db, run)
            for claim_id in (i for i in ids if dice.random() < 0.8 or i == ids[0]):
                verdict = dice.choice(TOLD)
                store.verdicts.save(db, Verdict(
                    verdict.name, verdict.basis, open_leads=verdict.open_leads, claim_id=claim_id,
                    run_id=run.id, decided_at=run.finished_at or "",
                ))  # fmt: skip
                if verdict.standing != stands[claim_id] and claim_id not in retired:
                    flips[stands[claim_id] == "none yet"] += 1
                stands[claim_id] = verdict.standing
            store.runs.finish(db, run)
    return flips


@pytest.mark.parametrize("seed", range(50))
def test_everything_that_tells_what_changed_gives_the_same_counts(seed: int, tmp_path: Path) -> None:
    home = Home(tmp_path)
    ledger = Ledger.open(home.ledger, create=True)
    flips = history(ledger, seed)
    told = changes_told(flips[False], flips[True])
    ear = Ear()
    tell(home, ledger, {"ear": ear}, "always", lambda: "t")
    titles = etree.parse(str(home.feed)).findall(f"{{{ATOM}}}entry/{{{ATOM}}}title")
    with ledger.read() as db:
        run = store.verdicts.last_run(db)
        assert run
        day = f"2026-09-{int(run.removeprefix('run-')):02d}"
        made = building.make(db, day)
        asked = LedgerQuery("changed", since=day, until=day)
        answer = answer_exactly(db, day, asked, lambda _: None)
        assert overview_page(db, day)["changes_told"] == sentence(told)
        assert run_page(db, day, run)["changes_told"] == sentence(told)
    ledger.close()
    assert made.report.change_counts == (flips[False], flips[True])
    for form in ("md", "json"):
        assert sentence(told) in FORMS[form].render(made).decode(), form
    assert [m.subject for m in ear.heard] == [titles[0].text] == [f"Retest {day}: {told}"]
    said = answer.said[0].text if answer.said else answer.note
    assert said.startswith(f"Between {day} and {day}: {told}")


@pytest.mark.parametrize(
    ("changed", "first", "told"),
    [
        (0, 0, "no verdict changed"),
        (1, 0, "1 verdict changed"),
        (2, 1, "2 verdicts changed; 1 first verdict"),
        (0, 21, "no verdict changed; 21 first verdicts"),
    ],
)
def test_a_first_verdict_changes_nothing(changed: int, first: int, told: str) -> None:
    assert changes_told(changed, first) == told
