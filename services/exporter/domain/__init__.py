"""What is in the documents, pure: sheets and columns as data, the order of the JSON.

The figures are the plan snapshot's, which the planner rounded once (decision 34); nothing is
calculated here but MiB → GiB and the local time of an instant. A VM is a mapping as in
``planned-vm.v1`` JSON.
Entry points: :func:`services.exporter.domain.workbook_model.workbook_sheets`,
:func:`services.exporter.domain.plan_document.document_head`.
"""
