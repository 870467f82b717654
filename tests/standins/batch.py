"""A provider's batch API on loopback: files, batches, and answers that come when the test says so."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from tests.standins.http import Quiet, served

Reply = Callable[[dict[str, Any]], dict[str, Any] | None]
"""The completion for the body of a request; None if that request fails."""


class BatchServer:
    """`status` is what every batch is at; `refuses` is an HTTP status for every request, 0 for none."""

    def __init__(self, reply: Reply) -> None:
        self.reply, self.status, self.refuses = reply, "in_progress", 0
        self.files: dict[str, str] = {}
        self.batches: list[dict[str, Any]] = []
        self.url = ""

    def batch(self, number: int) -> dict[str, Any]:
        """A batch as the API shows it."""
        made = self.batches[number]
        total = self.files[made["input_file_id"]].count("\n")
        has_ended = self.status == "completed"
        if has_ended:
            self.files[f"out-{number}"] = self.output(made["input_file_id"])
        failed = {"errors": {"data": [{"message": "no batches for this model"}]}}
        return {
            "id": f"batch_{number}", "object": "batch", "status": self.status, **made,
            "request_counts": {"total": total, "completed": total if has_ended else 0, "failed": 0},
            "output_file_id": f"out-{number}" if has_ended else None,
            **(failed if self.status == "failed" else {}),
        }  # fmt: skip

    def output(self, file: str) -> str:
        """The output file: one reply a line, in any order, and a line that is broken."""
        rows = ["not JSON"]
        for line in reversed(self.files[file].splitlines()):
            asked = json.loads(line)
            body = self.reply(asked["body"])
            response = {"status_code": 200 if body else 400, "body": body or {"error": {"message": "bad"}}}
            rows.append(json.dumps({"custom_id": asked["custom_id"], "response": response, "error": None}))
        return "\n".join(rows)


@contextmanager
def batch_server(reply: Reply) -> Iterator[BatchServer]:
    """Run a batch API; `url` is its base URL."""
    server = BatchServer(reply)

    class Handler(Quiet):
        def do_GET(self) -> None:
            if file := re.fullmatch(r"/v1/files/(.+)/content", self.path):
                self.answer(200, server.files[file[1]].encode(), "application/octet-stream")
            elif number := re.fullmatch(r"/v1/batches/batch_(\d+)", self.path):
                self.json(server.batch(int(number[1])))
            else:
                data = [server.batch(n) for n in range(len(server.batches))]
                self.json({"object": "list", "data": data, "has_more": False})

        def do_POST(self) -> None:
            sent = self.rfile.read(int(self.headers["Content-Length"]))
            if self.path == "/v1/files":
                name = f"in-{len(server.files)}"
                server.files[name] = re.search(rb"\r\n\r\n(\{.*\n)\r\n--", sent, re.S)[1].decode()  # type: ignore[index]
                self.json({"id": name, "object": "file"})
            elif self.path == "/v1/batches":
                server.batches.append(json.loads(sent))
                self.json(server.batch(len(server.batches) - 1))
            else:
                self.json(server.reply(json.loads(sent)) or {"error": {"message": "bad"}})

        def json(self, document: dict[str, Any]) -> None:
            status = server.refuses or 200
            self.answer(status, json.dumps(document).encode(), "application/json")

    with served(Handler) as address:
        server.url = address + "/v1"
        yield server
