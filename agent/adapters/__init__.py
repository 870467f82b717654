"""One outside thing a file. Only `agent.wiring` imports these."""
