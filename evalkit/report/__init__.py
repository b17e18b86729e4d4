"""Results become a document: words, tables, figures, and the two ways of laying them out."""
