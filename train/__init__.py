"""Settings, search, a tracked run, promotion."""
