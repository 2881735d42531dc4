"""Pruning: which filters go together, what each one is worth, and nets that are smaller without them.

Appl. Sci. 2024, 14, 7153, section 3.5.2, with the score in closed form.
"""
