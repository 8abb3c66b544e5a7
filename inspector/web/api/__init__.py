"""The JSON API: a module for each resource, and the shapes that they share."""
