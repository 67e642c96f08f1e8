"""The classifier, its saved form, the registry and the labelling of files."""
