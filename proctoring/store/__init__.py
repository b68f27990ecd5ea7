"""The border between facts and ledgers: `append_many` is the one way in."""

from proctoring.store.append import Answer, Moved, Written, append_many

__all__ = ["Answer", "Moved", "Written", "append_many"]
