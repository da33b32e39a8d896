"""The live model: a workbook without macros that calculates what the engine calculates, by formula."""
