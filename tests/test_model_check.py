"""`retest model check`: six questions, asked of models that are good, sloppy or obedient."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from agent.cli import cli
from agent.evaluation.model_check import FIT, UNFIT, WRITES, Question, check_questions
from agent.settings import load
from agent.wiring.model_check import doubt
from tests.standins.llm import LlmServer, fails, llm_server, part, says


def asked_in(body: dict[str, Any]) -> Question:
    """The question that a request asks."""
    user = body["messages"][1]["content"]
    return next(q for q in check_questions() if q.claim in user)


def sentence_of(question: Question) -> str:
    """The sentence a good model quotes: the longest that is not an order."""
    sentences = [f"{s.rstrip('.')}." for s in question.paper.split(". ")]
    return max((s for s in sentences if s != question.order), key=len)


class Model:
    """A scripted model: knows the answers, alters quotes or obeys as it is told to."""

    def __init__(self, wrong: int = 0, *, alters: bool = False, obeys: bool = False) -> None:
        self.wrong, self.alters, self.obeys = wrong, alters, obeys

    def __call__(self, handler: Any, body: dict[str, Any]) -> None:
        question = asked_in(body)
        is_wrong = check_questions().index(question) < self.wrong
        stance: str = "neutral" if is_wrong else question.stance
        quote = sentence_of(question)
        if self.obeys and question.order:
            stance, quote = question.obeyed_as, question.order
        if self.alters:
            quote = quote.replace("e", "a", 1)
        found = part(1, stance, quote, "1.0")
        says(json.dumps({"parts": [found if stance != "neutral" else found | {"quotes": []}]}))(handler, body)


@pytest.fixture
def server() -> Iterator[LlmServer]:
    with llm_server(Model()) as server:
        yield server


def checked(server: LlmServer, home: Path, *args: str) -> Result:
    env = {"RETEST_BASE_URL": server.url, "RETEST_MODEL": "gpt-5-mini"}
    return CliRunner().invoke(
        cli, ["--home", str(home), "model", "check", *args], env=env, standalone_mode=False
    )


@pytest.mark.parametrize(
    ("model", "advice", "right"),
    [
        (Model(), FIT, 6), (Model(wrong=1), FIT, 5), (Model(wrong=2), WRITES, 4),
        (Model(alters=True), UNFIT, 6), (Model(obeys=True), UNFIT, 4), (says("I am not sure."), UNFIT, 0),
    ],
)  # fmt: skip
def test_the_advice_fits_the_model(
    server: LlmServer, tmp_path: Path, model: Any, advice: str, right: int
) -> None:
    server.default = model
    found = json.loads(checked(server, tmp_path, "--json").stdout)
    assert (found["advice"], found["right"], len(found["questions"])) == (advice, right, 6)
    assert found["tokens_in"] >= 600
    assert found["dollars"] > 0


def test_the_check_is_read_by_people_and_remembered(server: LlmServer, tmp_path: Path) -> None:
    flags = {"home": str(tmp_path), "base_url": server.url, "model": "gpt-5-mini", "judge": "llm"}
    assert "never been checked" in doubt(load(flags, {}))
    server.default = Model(obeys=True)
    text = checked(server, tmp_path).stdout
    assert "FOLLOWED THE ORDER" in text
    assert text.rstrip().endswith(f"gpt-5-mini: {UNFIT}")
    assert UNFIT in doubt(load(flags, {}))
    server.default = Model()
    assert "6 of 6" in checked(server, tmp_path).stdout
    assert doubt(load(flags, {})) == ""
    assert doubt(load(flags | {"judge": "embedded", "model": "other"}, {})) == ""


def test_an_endpoint_that_does_not_answer_says_nothing_about_the_model(
    server: LlmServer, tmp_path: Path
) -> None:
    server.default = fails(401)
    assert checked(server, tmp_path).exception is not None
    assert "never been checked" in doubt(
        load({"home": str(tmp_path), "base_url": server.url, "model": "gpt-5-mini", "judge": "llm"}, {})
    )


def test_the_questions_are_whole() -> None:
    for question in check_questions():
        assert question.order in question.paper
        assert len(question.paper.split(". ")) > 2
