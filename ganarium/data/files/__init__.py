"""Data that is read from files and folders."""
