"""Spreadsheets in and out: .xlsx and .csv, row by row; every fault names its cell.

A file is hostile until measured (`unpacking`); what we write never becomes a formula (`writing`).
"""

from centres.common.sheets.cells import (
    CellFault,
    Column,
    FileMissing,
    NotASpreadsheet,
    Sheet,
    SpreadsheetBroken,
    SpreadsheetEmpty,
    SpreadsheetHasFormula,
    SpreadsheetTooLarge,
    Value,
)
from centres.common.sheets.reading import MAX_FILE, read_sheet
from centres.common.sheets.unpacking import MAX_CELLS, MAX_UNPACKED, xlsx_rows
from centres.common.sheets.writing import (
    plain_text,
    write_csv,
    write_returned,
    write_template,
    write_xlsx,
)

__all__ = [
    "MAX_CELLS",
    "MAX_FILE",
    "MAX_UNPACKED",
    "CellFault",
    "Column",
    "FileMissing",
    "NotASpreadsheet",
    "Sheet",
    "SpreadsheetBroken",
    "SpreadsheetEmpty",
    "SpreadsheetHasFormula",
    "SpreadsheetTooLarge",
    "Value",
    "plain_text",
    "read_sheet",
    "write_csv",
    "write_returned",
    "write_template",
    "write_xlsx",
    "xlsx_rows",
]
