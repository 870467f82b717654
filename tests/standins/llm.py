"""A scripted OpenAI-compatible server: a queue of behaviours, and a log of what was asked."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from tests.standins.http import Quiet, served

Behaviour = Callable[[Quiet, dict[str, Any]], None]


class LlmServer:
    """`script` is consumed one behaviour per request; then `default` answers."""

    def __init__(self, default: Behaviour) -> None:
        self.default = default
        self.script: list[Behaviour] = []
        self.asked: list[dict[str, Any]] = []
        self.url = ""


@contextmanager
def llm_server(default: Behaviour) -> Iterator[LlmServer]:
    """Run a scripted server; `url` is its OpenAI base URL."""
    server = LlmServer(default)

    class Handler(Quiet):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            server.asked.append(body)
            behaviour = server.script.pop(0) if server.script else server.default
            behaviour(self, body)

    with served(Handler) as address:
        server.url = address + "/v1"
        yield server


def says(content: str | None, refusal: str | None = None) -> Behaviour:
    """Answer with a message."""
    message = {"role": "assistant", "content": content, "refusal": refusal}
    document = {
        "id": "x", "object": "chat.completion", "created": 0, "model": "scripted",
        "choices": [{"index": 0, "finish_reason": "stop", "message": message}],
        "usage": {"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120},
    }  # fmt: skip
    return lambda handler, _: handler.answer(200, json.dumps(document).encode(), "application/json")


def fails(status: int, headers: dict[str, str] | None = None) -> Behaviour:
    """Answer with an error status."""
    body = json.dumps({"error": {"message": "scripted failure", "type": "x"}}).encode()
    return lambda handler, _: handler.answer(status, body, "application/json", headers)


def answers(document: Any, status: int = 200) -> Behaviour:
    """Answer with any JSON document."""
    return lambda handler, _: handler.answer(status, json.dumps(document).encode(), "application/json")


def replies(message: dict[str, Any] | None, finish: str = "stop", **more: Any) -> Behaviour:
    """Answer with a message as other servers make them; no usage is given."""
    choices = [{"index": 0, "finish_reason": finish, "message": message}] if message is not None else []
    return answers({"id": "x", "object": "chat.completion", "choices": choices, **more})


def page(text: str = "<!DOCTYPE html><html><body>Welcome</body></html>") -> Behaviour:
    """Answer with a web page."""
    return lambda handler, _: handler.answer(200, text.encode(), "text/html")


def wants(accepts: Callable[[dict[str, Any]], bool], complaint: str, then: Behaviour, status: int = 400,
          **fields: Any) -> Behaviour:  # fmt: skip
    """Refuse a request with a complaint unless it is as the server wants it."""
    refusal = answers({"error": {"message": complaint, "type": "invalid_request_error", **fields}}, status)
    return lambda handler, body: (then if accepts(body) else refusal)(handler, body)


def streams_lines(*lines: str, kind: str = "text/event-stream") -> Behaviour:
    """Stream exactly these lines, each followed by an empty one, then hang up."""

    def behaviour(handler: Quiet, _: dict[str, Any]) -> None:
        handler.send_response(200)
        handler.send_header("Content-Type", kind)
        handler.end_headers()
        handler.wfile.write("".join(f"{line}\n\n" for line in lines).encode())

    return behaviour


def with_prefix_cache(content: str) -> Behaviour:
    """Answer as a provider whose prompt cache works as OpenAI's does, at four characters a token.

    Schema, then messages, are compared with every earlier prompt; a common beginning of at least 1,024
    tokens is cached, in steps of 128.
    """
    seen: list[str] = []

    def behaviour(handler: Quiet, body: dict[str, Any]) -> None:
        prompt = json.dumps([body.get("response_format"), *body["messages"]])
        common = max((_common(prompt, earlier) // 4 for earlier in seen), default=0)
        seen.append(prompt)
        cached = common // 128 * 128 if common >= 1024 else 0
        usage = {"prompt_tokens": len(prompt) // 4, "completion_tokens": 20,
                 "prompt_tokens_details": {"cached_tokens": cached}}  # fmt: skip
        replies({"role": "assistant", "content": content}, usage=usage)(handler, body)

    return behaviour


def _common(one: str, other: str) -> int:
    """How many characters two texts have in common from their beginning."""
    return next(
        (n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other))
    )


def slow(seconds: float, then: Behaviour) -> Behaviour:
    """Answer after a delay."""

    def behaviour(handler: Quiet, body: dict[str, Any]) -> None:
        time.sleep(seconds)
        then(handler, body)

    return behaviour


def part(number: int, stance: str, quote: str, passage: str, **more: Any) -> dict[str, Any]:
    """One part of a judge's answer."""
    return {
        "part": number, "stance": stance, "quotes": [{"passage_id": passage, "text": quote}],
        "own_result": True, "evidence_type": "experiment", "scope": [], "condition": "",
        "replication": False, "strength": 0.9, **more,
    }  # fmt: skip


def judged(*parts: dict[str, Any]) -> Behaviour:
    """Answer with a judge's JSON."""
    return says(json.dumps({"parts": list(parts)}))


def by_schema(**answers: Callable[[str], dict[str, Any]]) -> Behaviour:
    """Answer by the name of the requested schema, given the user's message."""

    def behaviour(handler: Quiet, body: dict[str, Any]) -> None:
        name = body["response_format"]["json_schema"]["name"]
        says(json.dumps(answers[name](body["messages"][1]["content"])))(handler, body)

    return behaviour


def streams(*pieces: str, tools: Sequence[tuple[str, dict[str, Any] | str]] = (), broken: bool = False,
            pause: Callable[[], object] = lambda: None) -> Behaviour:  # fmt: skip
    """Stream an answer in pieces; `pause` is called before the second piece; `broken` hangs up."""

    def chunk(delta: dict[str, Any], reason: str | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "finish_reason": reason}
        document = {"id": "x", "object": "chat.completion.chunk", "created": 0, "model": "scripted",
                    "choices": [choice]}  # fmt: skip
        return b"data: " + json.dumps(document).encode() + b"\n\n"

    def written(asked: dict[str, Any] | str) -> str:
        return asked if isinstance(asked, str) else json.dumps(asked)

    def behaviour(handler: Quiet, _: dict[str, Any]) -> None:
        handler.send_response(200)
        handler.send_header("Content-Type", "text/event-stream")
        handler.end_headers()
        with suppress(ConnectionError):
            for number, piece in enumerate(pieces):
                if number == 1:
                    pause()
                handler.wfile.write(chunk({"content": piece}))
                handler.wfile.flush()
            if broken:
                return
            calls = [
                {"index": n, "id": f"c{n}", "type": "function",
                 "function": {"name": name, "arguments": written(asked)}}
                for n, (name, asked) in enumerate(tools)
            ]  # fmt: skip
            if calls:
                handler.wfile.write(chunk({"tool_calls": calls}))
            handler.wfile.write(chunk({}, "tool_calls" if calls else "stop"))
            usage = {"id": "x", "object": "chat.completion.chunk", "created": 0, "model": "scripted",
                     "choices": [], "usage": {"prompt_tokens": 100, "completion_tokens": 20,
                                              "total_tokens": 120}}  # fmt: skip
            handler.wfile.write(b"data: " + json.dumps(usage).encode() + b"\n\ndata: [DONE]\n\n")

    return behaviour
