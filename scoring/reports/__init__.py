"""One analysis on paper: the same published names carried by a workbook, a page, a PDF."""
