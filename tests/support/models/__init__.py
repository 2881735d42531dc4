"""Small nets and models, commands called in this process."""
