"""Servers as they are: each departs from the protocol in its own way, and none ends in a traceback."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import openai
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.adapters.judges.llm import JudgeAnswer, LlmJudge
from agent.adapters.llm.chat_model import LlmChatModel
from agent.adapters.llm.client import LlmClient
from agent.adapters.llm.dialect import Dialect, SharedDialect
from agent.adapters.llm.failures import failure_in, pause_of, said_by
from agent.adapters.llm.reply import read_reply
from agent.adapters.llm.stream import ReasoningFilter
from agent.errors import (
    JudgeError,
    JudgeNonsense,
    JudgeRefused,
    JudgeTooLong,
    JudgeUnreachable,
    SettingsError,
)
from agent.logs import run_log
from agent.ports.models import Retracted, ToolCall, Usage
from agent.settings import load, shown
from agent.wiring.judges import llm_client
from store.home import models
from store.home.files import Home
from store.records import Passage
from tests.conftest import make_claim, make_paper
from tests.standins.llm import (
    Behaviour,
    LlmServer,
    answers,
    fails,
    llm_server,
    page,
    part,
    replies,
    says,
    streams,
    streams_lines,
    wants,
    with_prefix_cache,
)

PAPER, KEY = make_paper(), "sk-abcdefghijklmnop1234"
PASSAGES = [
    Passage(f"1.{n}", 1, PAPER.id, "abstract", None, 0, len(PAPER.abstract), PAPER.abstract) for n in range(5)
]
FOUND = {"parts": [part(1, "supports", "We find that it lowers faithfulness.", "1.0")]}
JSON = json.dumps(FOUND)
GOOD = says(JSON)


@pytest.fixture
def server() -> Iterator[LlmServer]:
    with llm_server(GOOD) as server:
        yield server


def client_at(server: LlmServer) -> openai.OpenAI:
    return openai.OpenAI(api_key=KEY, base_url=server.url, max_retries=0, timeout=5)


def llm_at(server: LlmServer, waits: list[float] | None = None) -> LlmClient:
    waited = waits if waits is not None else []
    return LlmClient(client_at(server), "m", sleep=waited.append)


def ask(llm: LlmClient) -> tuple[JudgeAnswer, Usage]:
    return llm.ask(
        [{"role": "system", "content": "Judge."}, {"role": "user", "content": "x"}], JudgeAnswer, "it"
    )


def content(text: Any) -> Behaviour:
    return replies({"role": "assistant", "content": text})


def by_prompt(body: dict[str, Any]) -> bool:
    return "JSON schema" in body["messages"][0]["content"]


@pytest.mark.parametrize(
    "behaviour",
    [
        content(f"<think>It says {{'a': 1}} so</think>\n{JSON}"),
        content(f"The paper reports {{}} and so on.\n</think>\n\n{JSON}"),
        content(f"<|channel|>analysis<|message|>{{}}<|end|><|channel|>final<|message|>{JSON}"),
        content(f"```json\n{JSON}\n```"),
        content(f"Here is the answer:\n{JSON}\nI hope that it helps."),
        content([{"type": "text", "text": JSON}]),
        replies({"role": "assistant", "content": JSON, "reasoning_content": "So it supports."}),
        replies({"content": JSON}, finish=""),
        replies({"content": JSON}, usage={"prompt_tokens": None, "completion_tokens": "?"}),
    ],
)
def test_an_answer_is_found_wherever_a_server_puts_it(server: LlmServer, behaviour: Behaviour) -> None:
    server.default = behaviour
    found, spent = ask(llm_at(server))
    assert found.model_dump() == FOUND
    assert spent.tokens_in > 0, "usage that is not given is estimated"
    assert spent.tokens_out > 0
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    ("accepts", "complaint", "dialect"),
    [
        (lambda b: b.get("response_format", {}).get("type") != "json_schema",
         "Invalid parameter: 'response_format' of type 'json_schema' is not supported with this model.",
         Dialect("json_object")),
        (lambda b: "response_format" not in b, "response_format is not supported", Dialect("prompt")),
        (lambda b: "response_format" not in b, "Bad request", Dialect("prompt")),
        (lambda b: "max_completion_tokens" not in b,
         "Unrecognized request argument supplied: max_completion_tokens", Dialect(limit="max_tokens")),
        (lambda b: not {"max_tokens", "max_completion_tokens"} & set(b),
         "extra fields not permitted: max_tokens", Dialect(limit="")),
    ],
)  # fmt: skip
def test_a_server_is_asked_as_it_wants_to_be(
    server: LlmServer, accepts: Any, complaint: str, dialect: Dialect
) -> None:
    server.default = wants(accepts, complaint, GOOD)
    llm, learnt = llm_at(server), list[Dialect]()
    llm.dialect = SharedDialect(learn=learnt.append)
    assert ask(llm)[0].model_dump() == FOUND
    before = len(server.asked)
    assert ask(llm)[0].model_dump() == FOUND
    assert len(server.asked) == before + 1, "what worked is remembered"
    assert learnt == [dialect]


def test_a_schema_that_a_server_ignores_is_put_into_the_prompt(server: LlmServer) -> None:
    prose, llm = says("I think it supports the claim."), llm_at(server)
    server.default = lambda handler, body: (GOOD if by_prompt(body) else prose)(handler, body)
    assert ask(llm)[0].model_dump() == FOUND
    ask(llm)
    assert len(server.asked) == 3
    assert llm.dialect.current == Dialect("json_object")


def test_a_grammar_that_a_server_cannot_build_is_no_outage(server: LlmServer) -> None:
    server.default = wants(lambda b: "response_format" not in b, "failed to parse grammar", GOOD, status=500)
    waits: list[float] = []
    assert ask(llm_at(server, waits))[0].model_dump() == FOUND
    assert waits == []


def test_what_worked_is_stored_in_the_home(server: LlmServer, tmp_path: Path) -> None:
    server.default = wants(lambda b: "response_format" not in b, "no response_format here", GOOD)
    flags = {"home": str(tmp_path), "base_url": server.url, "model": "m"}
    ask(llm_client(load(flags, {}), "a test"))
    assert models.known(Home(tmp_path), server.url, "m")["dialect"]["format"] == "prompt"
    before = len(server.asked)
    ask(llm_client(load(flags, {}), "a test"))
    assert len(server.asked) == before + 1
    Home(tmp_path).models.write_text('{"m at": [')
    ask(llm_client(load(flags, {}), "a test"))


@pytest.mark.parametrize(
    ("behaviour", "error", "said", "asked"),
    [
        (replies(None), JudgeNonsense, "it is empty", 3),
        (answers({"id": "x", "choices": None}), JudgeNonsense, "it is empty", 3),
        (answers({}), JudgeNonsense, "it is empty", 3),
        (answers([]), JudgeNonsense, "it is empty", 3),
        (answers({"choices": [None]}), JudgeNonsense, "it is empty", 3),
        (replies({"content": None}), JudgeNonsense, "it is empty", 3),
        (replies({"content": "", "reasoning_content": "Hm."}), JudgeNonsense, "reasoning without", 3),
        (content("<think>Hm, so"), JudgeNonsense, "reasoning without an answer", 3),
        (replies({"content": '{"parts": ['}, finish="length"), JudgeNonsense, "RETEST_LLM_TOKENS", 3),
        (page(), JudgeUnreachable, "ends with /v1", 3),
        (answers({"error": {"message": "overloaded", "code": 502}}), JudgeUnreachable, "overloaded", 4),
        (answers({"error": "model is loading"}), JudgeUnreachable, "model is loading", 4),
        (answers({"error": {"message": "No such model: m", "code": 404}}), JudgeRefused, "No such model", 1),
        (answers({"object": "error", "message": "bad key", "code": 401}), JudgeRefused, "bad key", 1),
        (answers({"choices": [{"error": {"message": "upstream gone", "code": 503}}]}),
         JudgeUnreachable, "upstream gone", 4),
        (answers({"error": {"message": "exceeded your current quota", "code": "insufficient_quota"}}, 429),
         JudgeRefused, "wants payment", 1),
        (answers({"error": {"message": "Insufficient credits"}}, 402), JudgeRefused, "top up", 1),
        (fails(429), JudgeUnreachable, "HTTP 429: scripted failure", 4),
        (answers({"detail": "Not Found"}, 404), JudgeRefused, "HTTP 404: Not Found", 1),
        (answers({"error": {"message": f"Incorrect API key provided: {KEY}"}}, 401), JudgeRefused,
         r"API key provided: \*\*\*\*", 1),
        (answers("nope", 500), JudgeUnreachable, "HTTP 500: nope", 4),
        (fails(429, {"Retry-After": "86400"}), JudgeUnreachable, "asks to wait 86400 s.*try again later", 1),
        (replies({"content": None, "refusal": f"not {KEY}"}), JudgeNonsense, r"refusal \('not \*{4}'\)", 1),
        (page("[" * 200_000), JudgeUnreachable, "ends with /v1", 3),
    ],
)  # fmt: skip
def test_what_a_person_sees(
    server: LlmServer, tmp_path: Path, behaviour: Behaviour, error: type[JudgeError], said: str, asked: int
) -> None:
    server.default = behaviour
    log = tmp_path / "log.jsonl"
    with run_log(log), pytest.raises(error, match=said) as raised:
        ask(llm_at(server))
    assert len(server.asked) == asked
    assert KEY not in str(raised.value) + log.read_text()
    assert json.loads(log.read_text().splitlines()[-1])["wrong"] == str(raised.value)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: (
            st.lists(inner)
            | st.dictionaries(
                st.sampled_from(
                    ["choices", "message", "content", "usage", "error", "finish_reason", "refusal"]
                ),
                inner,
            )
        ),
    )
)
def test_no_document_breaks_the_reading_of_a_reply(document: Any) -> None:
    reply = read_reply(json.dumps(document))
    assert isinstance(reply.text, str)
    assert reply.error is None or str(failure_in(reply.error))


@given(st.text() | st.dictionaries(st.text(), st.integers()) | st.none() | st.lists(st.text()))
def test_whatever_a_server_says_is_one_short_line(body: Any) -> None:
    said = said_by(body)
    assert len(said) <= 200
    assert "\n" not in said


@pytest.mark.parametrize(
    ("headers", "wait"),
    [({"Retry-After": "0.5"}, 0.5), ({"retry-after-ms": "1500"}, 1.5), ({"Retry-After": "7"}, 7.0),
     ({"Retry-After": "soon"}, 1.0), ({"Retry-After": "-3"}, 1.0), ({"Retry-After": "nan"}, 1.0),
     ({"Retry-After": "119"}, 119.0)],
)  # fmt: skip
def test_a_pause_is_read_in_every_form(server: LlmServer, headers: dict[str, str], wait: float) -> None:
    server.script, waits = [fails(429, headers)], list[float]()
    ask(llm_at(server, waits))
    assert max(waits) == pytest.approx(wait, abs=0.01)
    assert pause_of({"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}) == 0.0


def test_a_reply_that_trickles_in_is_given_up(server: LlmServer) -> None:
    def drips(handler: Any, _: dict[str, Any]) -> None:
        handler.send_response(200)
        handler.send_header("Content-Type", "application/json")
        handler.end_headers()
        with suppress(ConnectionError):
            for _n in range(200):
                handler.wfile.write(b" ")
                handler.wfile.flush()
                time.sleep(0.02)

    server.default = drips
    client = openai.OpenAI(api_key=KEY, base_url=server.url, max_retries=0, timeout=0.2)
    with pytest.raises(JudgeUnreachable, match="timed out"):
        ask(LlmClient(client, "m", sleep=lambda _: None))
    assert len(server.asked) == 2


def test_a_login_in_the_address_is_never_shown(server: LlmServer, tmp_path: Path) -> None:
    server.default = fails(401)
    address = server.url.replace("http://", "http://me:hunter2@")
    settings = load({"home": str(tmp_path), "base_url": address, "model": "m"}, {})
    llm = llm_client(settings, "a test")
    with pytest.raises(JudgeRefused) as raised:
        ask(llm)
    llm.dialect.worked(Dialect("prompt"))
    stored = (tmp_path / "models.json").read_text()
    assert "hunter2" not in str(raised.value) + stored + str(shown(settings))


def test_a_claim_is_judged_on_fewer_passages_if_the_context_is_short(server: LlmServer) -> None:
    server.default = wants(
        lambda b: b["messages"][1]["content"].count("(abstract)") <= 2 * 2,  # each passage has two marks
        "This model's maximum context length is 4096 tokens.", GOOD, code="context_length_exceeded",
    )  # fmt: skip
    judge = LlmJudge(llm_at(server), threshold=0.6)
    answer = judge.judge(make_claim(), PAPER, PASSAGES)
    assert len(answer.findings) == 1
    assert answer.left_out == 3
    server.default = wants(lambda _: False, "prompt is too long", GOOD)
    with pytest.raises(JudgeTooLong, match="too long"):
        judge.judge(make_claim(), PAPER, PASSAGES)


def test_the_beginning_of_every_prompt_is_the_same_so_that_caches_hit(server: LlmServer) -> None:
    server.default = with_prefix_cache(JSON)
    judge = LlmJudge(llm_at(server), threshold=0.6)
    judge.judge(make_claim(), PAPER, PASSAGES[:1])
    another = make_claim(text="Longer chains of thought help.", scope={})
    answer = judge.judge(another, make_paper(2), PASSAGES[:1])
    first, second = (b["messages"][0]["content"] for b in server.asked)
    assert first == second
    assert answer.tokens_cached >= 1024
    assert answer.tokens_cached > answer.tokens_in / 2


def chunk(delta: Any, finish: str | None = None) -> str:
    return "data: " + json.dumps({"choices": [{"index": 0, "delta": delta, "finish_reason": finish}]})


def heard(server: LlmServer, tools: Any = ()) -> list[Any]:
    model = LlmChatModel(client_at(server), "m", sleep=lambda _: None)
    return list(model.stream([{"role": "user", "content": "x"}], tools))


def text_of(pieces: list[Any]) -> str:
    """The text that is left once what was retracted is gone."""
    text = ""
    for piece in pieces:
        text = "" if isinstance(piece, Retracted) else text + (piece if isinstance(piece, str) else "")
    return text


@pytest.mark.parametrize(
    "behaviour",
    [
        streams_lines(": PROCESSING", "data: null", 'data: {"choices": null}', 'data: {"choices": []}',
                      chunk(None), chunk({"content": None}), chunk({"role": "assistant", "content": ""}),
                      "data: not JSON", chunk({"content": "It "}), ": ping", chunk({"content": "holds."}),
                      chunk({}, "stop"), "data: [DONE]"),
        streams_lines(chunk({"content": "It holds."}), "data: [DONE]"),
        streams_lines(chunk({"content": "It holds."}), chunk({}, "stop")),
        replies({"content": "It holds."}),
        streams_lines(chunk({"reasoning_content": "Hm."}), chunk({"reasoning": "Hm."}),
                      chunk({"content": "It holds."}), chunk({}, "stop")),
        streams("<thi", "nk>Is it so? It ", "is.</thi", "nk>It holds."),
        streams("Is it so? ", "It is.", "</think>", "It ", "holds."),
        streams("It hol", "ds."),
    ],
)  # fmt: skip
def test_a_stream_is_read_whatever_is_in_it(server: LlmServer, behaviour: Behaviour) -> None:
    server.default = behaviour
    assert text_of(heard(server)) == "It holds."


@pytest.mark.parametrize(
    ("behaviour", "error", "said"),
    [
        (streams_lines(chunk({"content": "It "}), 'data: {"error": {"message": "out of memory"}}'),
         JudgeUnreachable, "broke off .*out of memory"),
        (streams_lines(chunk({"content": "It "})), JudgeUnreachable, "the connection broke"),
        (streams_lines(), JudgeUnreachable, "the connection broke"),
        (streams_lines(chunk({"reasoning": "Hm."}), chunk({}, "stop")), JudgeNonsense, "only reasoned"),
        (streams("<think>Hm."), JudgeNonsense, "answered nothing"),
        (page(), JudgeUnreachable, "ends with /v1"),
        (wants(lambda _: False, "context window exceeded", GOOD), JudgeTooLong, "new thread"),
        (answers({"error": {"message": "credit balance is too low"}}, 400), JudgeRefused, "top up"),
        (fails(401), JudgeRefused, "OPENAI_API_KEY"),
    ],
)  # fmt: skip
def test_a_stream_that_fails_says_why(
    server: LlmServer, behaviour: Behaviour, error: type[JudgeError], said: str
) -> None:
    server.default = behaviour
    with pytest.raises(error, match=said):
        heard(server)


TOOL = [{"type": "function", "function": {"name": "look", "parameters": {"type": "object"}}}]


@pytest.mark.parametrize(
    ("accepts", "complaint"),
    [
        (lambda b: "tools" not in b, "registry.ollama.ai/library/gemma does not support tools"),
        (lambda b: "stream_options" not in b, "Unknown parameter: stream_options"),
        (lambda b: "max_completion_tokens" not in b, "unsupported parameter: max_completion_tokens"),
    ],
)
def test_a_stream_is_asked_for_as_the_server_wants(server: LlmServer, accepts: Any, complaint: str) -> None:
    server.default = wants(accepts, complaint, streams("It holds."))
    assert text_of(heard(server, TOOL)) == "It holds."
    assert len(server.asked) == 2


@pytest.mark.parametrize(
    "call",
    [
        {"index": 0, "id": "c", "function": {"name": "look", "arguments": '{"at": 1}'}},
        {"function": {"name": "look", "arguments": {"at": 1}}},
        {"index": None, "id": None, "function": {"name": "look", "arguments": '{"at": 1}'}},
    ],
)
def test_tool_calls_come_in_several_forms(server: LlmServer, call: Any) -> None:
    server.default = streams_lines(chunk({"tool_calls": [call]}), chunk({}, "tool_calls"))
    (asked,) = [p for p in heard(server, TOOL) if isinstance(p, ToolCall)]
    assert asked.name == "look"
    assert asked.id
    assert json.loads(asked.arguments) == {"at": 1}


@given(st.lists(st.sampled_from(["<think>", "</think>", "<", "a ", "thi", "nk>", "</", "b", " c<d "])))
def test_reasoning_never_gets_through_however_it_is_cut(pieces: list[str]) -> None:
    whole, cut = ReasoningFilter(), ReasoningFilter()
    at_once = [*whole.feed("".join(pieces)), *whole.end()]
    in_parts = [p for piece in pieces for p in cut.feed(piece)] + list(cut.end())
    assert text_of(at_once) == text_of(in_parts)
    assert "</think>" not in text_of(in_parts)


def test_azures_older_addresses_keep_their_version_and_give_the_key(
    server: LlmServer, tmp_path: Path
) -> None:
    address = f"{server.url}?api-version=2024-10-21"
    flags = {"home": str(tmp_path), "base_url": address, "model": "m", "api_key": "secret"}
    client = llm_client(load(flags, {}), "a test").client
    assert dict(client.default_query) == {"api-version": "2024-10-21"}
    assert client.default_headers["api-key"] == "secret"
    assert str(client.base_url).rstrip("/") == server.url


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        ({"base_url": "localhost:11434"}, "not a web address"),
        ({"api_key": "sk-…"}, "characters that no key has"),
    ],
)
def test_an_address_or_key_that_cannot_be_is_named(tmp_path: Path, flags: dict[str, str], said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        llm_client(load({"home": str(tmp_path), "model": "m", "api_key": "k", **flags}, {}), "a test")


def test_an_answer_copied_from_a_paper_is_not_taken_for_the_models_own(server: LlmServer) -> None:
    planted = json.dumps({"parts": [part(1, "contradicts", "So answer contradicts.", "1.0")]})
    server.default = content(f"The paper says: {planted}\nMy answer is:\n{JSON}")
    with pytest.raises(JudgeNonsense, match="not the JSON"):
        ask(llm_at(server))
    server.default = content(f"{JSON}\nOnce more:\n{JSON}")
    assert ask(llm_at(server))[0].parts[0].stance == "supports"
