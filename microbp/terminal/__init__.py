"""The command: its words, the debugger and quiz in a terminal, and what they share."""
