"""Diffusion processes, shared by generators of tables and of images."""
