"""The weekly graph, and the pure parts it decides with."""

import os

# Checkpoints are read back only as the plain types we wrote.
os.environ.setdefault("LANGGRAPH_STRICT_MSGPACK", "true")
