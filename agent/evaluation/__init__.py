"""How good the verdicts are: labelled cases in, metrics with confidence intervals out."""
