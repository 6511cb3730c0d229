"""Chat models behind a server or on this machine."""
