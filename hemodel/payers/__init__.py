"""Reference cases of payers: profiles in data files, and what they change in a workbook."""
