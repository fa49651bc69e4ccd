"""The command's verbs that collect: each module has `add_arguments(parser)` and `run(arguments) -> exit code`."""
