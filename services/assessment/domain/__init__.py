"""The rules of the assessment. Pure: no I/O, no clock, no ids."""
