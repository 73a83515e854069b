"""The clips that a page or a picture shows: which ones, what is in them, drawn and heard."""
