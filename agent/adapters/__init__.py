"""Adapters to external systems, one per file. Only `agent.wiring` imports these."""
