"""Commands that run, replay, backtest and evaluate."""
