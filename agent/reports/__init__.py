"""The claim status report in every format, rendered from the report model in `agent.views`."""
