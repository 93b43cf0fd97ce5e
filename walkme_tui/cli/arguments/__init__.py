"""The arguments of the sub-commands by topic, imported when they are parsed."""
