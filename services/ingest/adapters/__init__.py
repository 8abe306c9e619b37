"""Workbooks: the guard, the parser's process and the service's side of it.

The service uses :mod:`.parser` only. :mod:`.workbook_import` and what it imports run in the
process that :mod:`.parser_child` is, under limits.
"""
