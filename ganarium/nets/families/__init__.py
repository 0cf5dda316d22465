"""Families of networks, as papers have them."""
