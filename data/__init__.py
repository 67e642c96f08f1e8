"""What is read: themes, the corpus, labelled files, articles, splits."""
