"""Ask a writer within the budget, and never pay twice for the same request."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from pydantic import BaseModel, ConfigDict

import store.calls
from agent.core.budget import Budget
from agent.errors import JudgeError
from agent.ports.models import Writer
from store.ledger import Ledger
from store.records import Call


class Answer(BaseModel):
    """What a writer is asked for: a schema that admits no further field."""

    model_config = ConfigDict(extra="forbid")


Asked = TypeVar("Asked", bound=Answer)


@dataclass(frozen=True)
class JournalledWriter:
    """A writer with its journal: a request that was answered once is not paid for again.

    `run_id` is None for requests made by a person outside a run.
    """

    ledger: Ledger
    model: Writer
    budget: Budget
    now: Callable[[], str]
    run_id: str | None = None

    @property
    def name(self) -> str:
        """The model's name."""
        return self.model.name

    def ask(self, prompt: str, schema: type[Asked], about: str, **inputs: str) -> Asked:
        """The writer's answer to a prompt. `about` names the subject in the journal and in errors.

        Raises JudgeUnreachable, JudgeRefused or JudgeNonsense, and BudgetReached before a call that could
        go over the cap.
        """
        request = self.model.request(prompt, inputs)
        key = store.calls.key_of(writer=self.model.name, request=request, schema=schema.model_json_schema())
        with self.ledger.read() as db:
            earlier = store.calls.answered(db, key)
        if earlier and earlier.response:
            return schema.model_validate(earlier.response["document"])
        reserved = self.budget.reserve(len(str(request)), about)
        with self.ledger.write() as db:
            call = Call(key, self.run_id, "writer", self.model.name, {"claim": about, **request})
            store.calls.intend(db, call, self.now())
        try:
            answer, spent = self.model.write(request, schema, f"the answer to {prompt} on {about}")
        except JudgeError as error:
            self.budget.forfeit(reserved, about, answers=getattr(error, "answers", 0))
            with self.ledger.write() as db:
                store.calls.fail(db, key, str(error), self.now())
            raise
        self.budget.settle(reserved, *spent, claim=about)
        response = {"document": answer.model_dump(), "tokens_cached": spent[2]}
        with self.ledger.write() as db:
            store.calls.respond(db, key, response, spent[:2], self.now())
        return answer
