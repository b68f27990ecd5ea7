"""The results book: how 59,679 results lie sealed in one file until two people open it.

Pure: bytes in, bytes out. No clock, no database, no settings; whoever calls brings the keys.
"""
