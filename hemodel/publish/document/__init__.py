"""Documents: layouts, what they hold of a run or an evidence pack, and the document that Word and HTML write."""
