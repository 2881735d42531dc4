"""From teacher to pruned student in resumable stages; above training."""
