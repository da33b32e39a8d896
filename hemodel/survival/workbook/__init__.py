"""From the rows of a workbook to fitted curves, with errors that name cells."""
