"""The lanes of the map, each made of a study."""
