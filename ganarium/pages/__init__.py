"""Pages that need nothing but a browser: the report of a run, and a quiz on its samples.

Every page is one file, without a network: pictures are data: addresses, and scripts, where there are any, are inside.
"""
