"""The mathematics of the games as lessons: each a function with an exact answer to compare with, and a picture.

``ganarium theory`` lists them, ``ganarium theory NAME`` works one out and draws it; from Python ``ga.teach(NAME)``. A
file holds the mathematics first, then the lesson that shows it.
"""
