"""From the bytes of a scanner or an electronic test to one line for each sheet. Pure.

A file is read whole or not at all: what cannot be read is an ``IntakeFault`` with its row and
column. What can be read but not placed (an unknown number, no form bubbled) is left to the caller.
"""
