"""Time travel: the claims retested as of one past day after another, and what their verdicts did."""
