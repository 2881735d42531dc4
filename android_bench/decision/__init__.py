"""Which file ships: accuracy, time and size of several exports joined, and one of them recommended."""
