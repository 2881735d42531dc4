"""Which filters go together, what each is worth, and nets without them (the paper's section 3.5.2)."""
