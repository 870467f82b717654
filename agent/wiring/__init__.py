"""Builds the real parts from settings: the only package that knows every adapter."""
