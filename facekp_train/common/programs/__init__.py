"""What a program is made of: its groups and commands, `--version`, values read without pydantic."""
