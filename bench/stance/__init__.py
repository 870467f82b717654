"""How the embedded stance model is made and measured: pairs -> train -> measure."""
