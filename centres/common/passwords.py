"""Argon2id at the strength OWASP names for servers: 19 MiB, two passes, one lane.

Django's default takes ten times the time and 100 MiB a check: 64 people who sign in at the same
moment would need 6 GB.
"""

from django.contrib.auth.hashers import Argon2PasswordHasher


class ModestArgon2Hasher(Argon2PasswordHasher):
    memory_cost = 19 * 1024
    time_cost = 2
    parallelism = 1
