"""Published systems, one a file (`ARCHITECTURE`)."""
