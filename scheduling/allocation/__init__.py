"""Who sits where, when and beside whom: exact, proved and explained. Numbers only, no Django."""
