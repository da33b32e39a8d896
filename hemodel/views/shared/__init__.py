"""What tables and charts share: columns, words, and the look of a page."""
