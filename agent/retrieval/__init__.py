"""Find papers and passages, by words and by meaning: for runs, answers and evaluation."""
