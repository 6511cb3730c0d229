"""Dice that know some throws by heart: the smallest family of models that byheart can audit."""
