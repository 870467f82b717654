"""What the agent needs from outside, as Protocols by concern; `wiring` supplies the implementations."""
