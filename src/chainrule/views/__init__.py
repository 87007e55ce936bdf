"""Views of a problem: each a pure function from what was computed to what is shown."""
