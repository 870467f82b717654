"""What a model may write: a sentence is grounded in what it cites, or it is left out."""
