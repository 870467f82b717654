"""What a model may write: every sentence rests on what it cites, or is left out."""
