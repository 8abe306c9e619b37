"""From cells to VMs, pure.

A workbook goes through :mod:`.file_kinds` (is it one), :mod:`.headers` with :mod:`.columns` (which
column is which), :mod:`.tables` and :mod:`.rows` (typed rows, rejects), :mod:`.identity` and
:mod:`.joins` (which row is which VM), :mod:`.vms` and :mod:`.assembly` (derived values),
:mod:`.table_rows` (what is stored) and :mod:`.report` (what people are told).
"""
