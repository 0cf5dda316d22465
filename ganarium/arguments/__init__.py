"""From words to objects: options made from signatures, errors of misuse, and the request of a command line."""
