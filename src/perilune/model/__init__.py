"""The words of the archive as pure values: no input, no output, no clock."""
