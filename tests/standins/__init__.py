"""Local stand-ins that speak the real protocols over real HTTP."""
