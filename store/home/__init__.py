"""The folder that holds all state: its files, its lock, its backup."""
