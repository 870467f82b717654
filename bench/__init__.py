"""Measurements that anyone can rerun. The product imports nothing from here."""
