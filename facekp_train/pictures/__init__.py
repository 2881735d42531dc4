"""Files of one picture each: which files are any, what they state of themselves, read and turned upright."""
