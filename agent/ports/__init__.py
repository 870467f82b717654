"""What the agent needs of the outside world, as Protocols by concern. `wiring` gives the real ones."""
