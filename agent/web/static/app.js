// Chat streaming, stop and copy, and a run's progress. All HTML inserted here was rendered and escaped by the server.
"use strict";
(() => {
  const csrf = document.querySelector("meta[name=csrf]").content;

  async function* events(response) {
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    let held = "";
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      held += value.replaceAll("\r\n", "\n");
      const parts = held.split("\n\n");
      held = parts.pop();
      for (const part of parts) {
        const event = { name: "message", data: "" };
        for (const line of part.split("\n")) {
          if (line.startsWith("event:")) event.name = line.slice(6).trim();
          if (line.startsWith("data:")) event.data += line.slice(5).trim();
        }
        if (event.data) yield { name: event.name, data: JSON.parse(event.data) };
      }
    }
  }

  const form = document.getElementById("ask");
  const turns = document.getElementById("turns");
  if (form && turns) {
    const question = form.elements.question, send = document.getElementById("send"), stop = document.getElementById("stop");
    let name = "", leaving = null;

    const piece = (tag, text, kind = "") => Object.assign(document.createElement(tag), { textContent: text, className: kind });

    const busy = (is) => {
      send.disabled = is;
      stop.hidden = !is;
      if (!is) question.focus();
    };

    async function listen(url, body, turn) {
      const state = piece("p", "Searching the ledger", "dim waiting");
      state.setAttribute("role", "status");
      let isRetracted = false;  // after that, the whole answer is shown once it is complete
      turn.append(state);
      turn.scrollIntoView({ block: "start" });
      leaving = new AbortController();
      busy(true);
      try {
        const response = await fetch(url, { method: "POST", body, signal: leaving.signal, headers: { "X-CSRF-Token": csrf, Accept: "text/event-stream" } });
        if (!response.ok) throw new Error((await response.text()).includes("<h1>") ? `the request failed (${response.status})` : `HTTP ${response.status}`);
        for await (const { name: kind, data } of events(response)) {
          if (kind === "begin") name = data.name;
          else if (kind === "thread") {
            form.elements.thread.value = data.id;
            history.replaceState(null, "", `/chat/${data.id}`);
          } else if (kind === "found") state.textContent = `${data.claims} claim${data.claims === 1 ? "" : "s"} found`;
          else if (kind === "writing") state.textContent = "The model is writing; each sentence is checked";
          else if (kind === "tool") state.textContent = `Running: ${data.name.replaceAll("_", " ")}`;
          else if (kind === "retracted") {
            turn.querySelectorAll(".said").forEach((e) => e.remove());
            isRetracted = true;
          } else if (kind === "sentence" && !isRetracted) state.insertAdjacentHTML("beforebegin", data.html);
          else if (kind === "answer") {
            turn.querySelectorAll(".said").forEach((e) => e.remove());
            state.insertAdjacentHTML("beforebegin", data.html);
          } else if (kind === "ask") may(turn, data);
          else if (kind === "failed") turn.append(piece("p", data.error, "wrong"));
          else if (kind === "stopped") turn.append(piece("p", "Stopped.", "dim"));
        }
      } catch (error) {
        turn.append(piece("p", error.name === "AbortError" ? "Stopped." : `The answer was interrupted: ${error.message}`, error.name === "AbortError" ? "dim" : "wrong"));
      }
      state.remove();
      busy(false);
    }

    function may(turn, { ask, thread }) {
      const box = piece("div", "", "may");
      box.append(piece("p", ask));
      for (const [text, yes] of [["Yes", "true"], ["No", "false"]]) {
        const button = piece("button", text);
        button.type = "button";
        button.addEventListener("click", () => {
          box.remove();
          listen(`/chat/${encodeURIComponent(thread)}/answer`, new URLSearchParams({ yes, csrf }), turn);
        });
        box.append(button, " ");
      }
      turn.append(box);
      box.querySelector("button").focus();
    }

    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const text = question.value.trim();
      if (!text || send.disabled) return;
      const turn = piece("article", "", "turn");
      turn.append(piece("h2", text));
      turns.append(turn);
      question.value = "";
      listen("/chat/ask", new URLSearchParams({ question: text, thread: form.elements.thread.value, csrf }), turn);
    });

    const halt = () => {
      if (!stop.hidden && name) fetch(`/chat/stop/${name}`, { method: "POST", headers: { "X-CSRF-Token": csrf } });
    };
    stop.addEventListener("click", halt);
    document.addEventListener("keydown", (event) => event.key === "Escape" && halt());
    question.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
        event.preventDefault();
        form.requestSubmit();
      }
    });
    if (question.value) question.focus();
  }

  document.addEventListener("click", async (event) => {
    const link = event.target.closest("a.copy");
    if (!link) return;
    event.preventDefault();
    const text = await (await fetch(link.href)).text();
    try {
      await navigator.clipboard.writeText(text);
      link.textContent = "Copied";
    } catch {
      location.href = link.href;
    }
  });

  const live = document.getElementById("live");
  if (live) {
    const stage = document.getElementById("stage"), bar = document.getElementById("bar");
    const source = new EventSource(live.dataset.events);
    source.addEventListener("stage", (event) => {
      const update = JSON.parse(event.data);
      if (!update.stage) return;
      stage.textContent = update.total ? `${update.stage}: ${update.done} of ${update.total}` : update.stage;
      bar.max = update.total || 1;
      bar.value = update.done || 0;
    });
    source.addEventListener("end", (event) => {
      source.close();
      if (JSON.parse(event.data).whole) setTimeout(() => location.reload(), 500);
      else stage.textContent = "The run was interrupted; reload the page to see how to resume it.";
    });
  }
})();
