"""Questions about the ledger itself: told from questions of a topic, and answered exactly, model or not."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.chat.ledger.query import LedgerQuery, parse_query
from store.home.files import Home
from tests.standins.llm import fails, llm_server
from tests.standins.talk import chat_over
from tests.test_chat import ask, retested, talked

__all__ = ("retested", "talked")
TODAY = "2026-11-28"
PAPER = ("2502.14565",)


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("Which claims are relaxed, and why?", LedgerQuery("verdict", "relaxed")),
        ("How many have no verdict yet?", LedgerQuery("verdict", "none yet")),
        ("Which claims were never tested?", LedgerQuery("verdict", "none yet")),
        ("Are there any contradicted claims?", LedgerQuery("verdict", "contradicted")),
        ("Show the claims that still hold", LedgerQuery("verdict", "still-holds")),
        ("Which claims are unchallenged?", LedgerQuery("verdict", "no challenge found")),
        ("What is open?", LedgerQuery("verdict", "open")),
        ("How many claims are there?", LedgerQuery("count")),
        ("What changed in October?", LedgerQuery("changed", since="2026-10-01", until="2026-10-31")),
        ("What changed in December?", LedgerQuery("changed", since="2025-12-01", until="2025-12-31")),
        ("What is new in 2026-02?", LedgerQuery("changed", since="2026-02-01", until="2026-02-28")),
        ("Which verdicts changed last week?", LedgerQuery("changed", since="2026-11-21", until=TODAY)),
        ("Did any verdicts change in 2025?", LedgerQuery("changed", since="2025-01-01", until="2025-12-31")),
        ("Which claims rest on one paper?", LedgerQuery("rest on", number=1)),
        ("Which claims rely on only two papers?", LedgerQuery("rest on", number=2)),
        ("Who wrote 2502.14565?", LedgerQuery("authors", ids=PAPER)),
        ("Does 2502.14565 bear on any claim?", LedgerQuery("paper", ids=PAPER, is_yes_no=True)),
        ("Which claims does arXiv:2502.14565 support?", LedgerQuery("paper", ids=PAPER)),
        ("What is the strongest paper against tuning lowering it?",
         LedgerQuery("strongest", topic="tuning lowering it", side="against")),
        ("Which claims about faithfulness are relaxed?", None),
        ("What changed on faithfulness since June?", None),
        ("What does 2502.14565 say about chains of thought?", None),
        ("What happened to chain of thought in May?", None),
        ("Do larger models satisfy more constraints?", None),
        ("Is chain of thought still valid?", None),
    ],
)  # fmt: skip
def test_a_question_to_the_ledger_is_told_from_one_of_a_topic(text: str, query: LedgerQuery | None) -> None:
    assert parse_query(text, TODAY) == query


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("Which claims are relaxed, and why?", "1 of 1 claim is relaxed."),
        ("How many claims are there?", "The ledger has 1 claim: 1 relaxed."),
        ("What changed in September 2026?",
         "Between 2026-09-01 and 2026-09-30: no verdict changed; 1 first verdict."),
        ("Which claims rest on one paper?", "The verdict of no claim rests on exactly one paper."),
        ("Does 2506.00001 bear on any claim?", "Yes: arXiv:2506.00001 narrows “Fine-tuning lowers"),
        ("Does 2506.99999 bear on any claim?", "Not known: the ledger does not have arXiv:2506.99999."),
        ("Who wrote 2506.00001?", "is by Author 1."),
        ("What is the strongest evidence against fine-tuning lowering the faithfulness of chains?",
         "The strongest against “Fine-tuning lowers"),
        ("What changed in March 2020?", "Between 2020-03-01 and 2020-03-31: no verdict changed."),
    ],
)  # fmt: skip
def test_the_ledger_answers_exactly_without_asking_a_model(talked: Home, question: str, said: str) -> None:
    with llm_server(fails(500)) as server:
        for url in (None, server.url):
            with chat_over(talked, url) as (chat, _):
                answer = ask(chat, question)[-1]
            shown = " ".join([s["text"] for s in answer["sentences"]] + [answer["note"]])
            assert said in shown
            assert answer["answered_by"] == "extraction"
        assert server.asked == []


def test_every_sentence_of_an_exact_answer_cites_what_it_says(talked: Home, tmp_path: Path) -> None:
    with chat_over(talked) as (chat, _):
        answer = ask(chat, "Which claims are relaxed?")[-1]
    labels = {s["label"] for s in answer["sources"]}
    assert all(s["cites"] and set(s["cites"]) <= labels for s in answer["sentences"])
