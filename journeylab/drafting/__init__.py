"""A first study.toml from somebody's own files: what is called what is drafted, and what is a guess says so."""
