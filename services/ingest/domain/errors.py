"""What can go wrong in ingest. Every code names a page in ``docs/problems/``.

AppError
├── Invalid
│   ├── empty-upload            the body has no bytes
│   ├── damaged-workbook        truncated, or not the zip of an Excel workbook
│   ├── suspicious-workbook     packed or written as no spreadsheet program does (zip bomb, DTD)
│   ├── unreadable-workbook     the parser gave up on it
│   ├── stray-cell              one cell far outside the data makes a tab too large to hold
│   ├── tab-missing             there is no vInfo
│   ├── column-missing          vInfo has no column that names the VM
│   ├── no-vms                  vInfo holds no VM
│   ├── annotated-workbook      it holds the affected rows of an import, not an estate
│   ├── upload-expired          the bytes of a retried import are not kept any more
│   └── project-not-confirmed   another name was typed than the project's
├── TooLarge
│   ├── upload-too-large        more bytes than an upload may have
│   ├── workbook-too-large      unpacked, it is over the limit
│   ├── too-many-rows           a tab is over the limit
│   └── parser-limit            the parser needed more memory or time than it may have
├── Unsupported
│   ├── old-excel-format        .xls
│   ├── encrypted-workbook      a password is set
│   └── not-a-workbook          HTML, CSV, PDF, another kind of zip, …
├── NotFound
│   ├── project-not-found
│   └── inventory-not-found
└── Conflict
    ├── project-archived        it can be read and not changed
    ├── inventory-not-ready     its VMs are not stored (yet)
    ├── inventory-applied       the project works with it already, or has
    └── newer-inventory-applied a later import is applied
"""

from typing import Final

EMPTY_UPLOAD: Final = "empty-upload"
DAMAGED_WORKBOOK: Final = "damaged-workbook"
SUSPICIOUS_WORKBOOK: Final = "suspicious-workbook"
UNREADABLE_WORKBOOK: Final = "unreadable-workbook"
STRAY_CELL: Final = "stray-cell"
TAB_MISSING: Final = "tab-missing"
COLUMN_MISSING: Final = "column-missing"
NO_VMS: Final = "no-vms"
ANNOTATED_WORKBOOK: Final = "annotated-workbook"
UPLOAD_EXPIRED: Final = "upload-expired"
UPLOAD_TOO_LARGE: Final = "upload-too-large"
WORKBOOK_TOO_LARGE: Final = "workbook-too-large"
TOO_MANY_ROWS: Final = "too-many-rows"
PARSER_LIMIT: Final = "parser-limit"
OLD_EXCEL_FORMAT: Final = "old-excel-format"
ENCRYPTED_WORKBOOK: Final = "encrypted-workbook"
NOT_A_WORKBOOK: Final = "not-a-workbook"
PROJECT_NOT_FOUND: Final = "project-not-found"
INVENTORY_NOT_FOUND: Final = "inventory-not-found"
INVENTORY_NOT_READY: Final = "inventory-not-ready"
INVENTORY_APPLIED: Final = "inventory-applied"
NEWER_INVENTORY_APPLIED: Final = "newer-inventory-applied"
PROJECT_NOT_CONFIRMED: Final = "project-not-confirmed"
PROJECT_ARCHIVED: Final = "project-archived"
