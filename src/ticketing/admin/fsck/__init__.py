"""`ticketing fsck`: seats, money, tickets and holds, recomputed from first principles.

It reads the stores with statements of its own and shares no code with what it judges: a rule that is wrong in the
orders room must not be wrong here in the same way. Only repairs go through the rooms' own doors.
"""
