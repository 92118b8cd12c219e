"""The command line: one file a command, which parses, calls and prints. Only this room talks to people."""
