"""The writer: a chat model asked for short documents in a strict schema. It has no tools."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import BaseModel

import prompts
from agent.adapters.llm.client import LlmClient

Asked = TypeVar("Asked", bound=BaseModel)


class LlmWriter:
    """Fills in a prompt and asks; the caller checks the answer."""

    def __init__(self, llm: LlmClient) -> None:
        self._llm, self.name = llm, llm.model

    def request(self, prompt: str, inputs: Mapping[str, str]) -> dict[str, Any]:
        """The exact messages sent."""
        loaded = prompts.load(prompt)
        return {
            "prompt": f"{loaded.name}-{loaded.version}-{loaded.digest[:8]}",
            "messages": [
                {"role": "system", "content": loaded.system},
                {"role": "user", "content": loaded.render(**inputs)},
            ],
        }

    def write(
        self, request: Mapping[str, Any], schema: type[Asked], about: str
    ) -> tuple[Asked, tuple[int, int, int]]:
        """Ask, waiting out rate limits and outages; see `agent.ports.models.Writer`."""
        answer, spent = self._llm.ask(request["messages"], schema, about)
        return answer, (spent.tokens_in, spent.tokens_out, spent.cached)
