"""How good the verdicts are: labelled cases in, figures with intervals out."""
