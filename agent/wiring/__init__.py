"""Settings into real parts: the only place that knows every adapter."""
