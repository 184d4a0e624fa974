"""Strategy files: schema, loading, Jinja environment."""
