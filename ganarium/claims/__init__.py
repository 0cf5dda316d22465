"""The claims, one file each, named as their game: a function that plays one arm (:mod:`ganarium.proving`)."""
