"""A crowd of consoles, and the servers it is let loose on beside ours."""
