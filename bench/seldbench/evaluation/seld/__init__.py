"""Directions (SELD): files to scores."""
