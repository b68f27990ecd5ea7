"""Clients that run in processes of their own, so that they never slow the server they ask."""
