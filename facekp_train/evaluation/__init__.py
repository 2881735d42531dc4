"""How far a net errs: metrics, conditions, robustness, the paper's rows."""
