"""The paper's tables 3 and 4 and figures 4 to 6 on one's own data (Appl. Sci. 2024, 14, 7153).

Every method is trained and tested in k-fold cross-validation; a method on a fold is a cell, a job of
its own (`facekp_train.studies.jobs`). Studies that share a cell compute it once.
"""
