"""The weekly graph: plan, collect, index, screen, read, judge, gate, decide, compare, propose."""
