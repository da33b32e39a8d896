"""What a run is turned into: results.json, tables, charts, a workbook and a report."""
