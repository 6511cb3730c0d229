"""Tables: read, described, set apart."""
