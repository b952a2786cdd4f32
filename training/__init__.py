"""How the shipped parameters were fitted; see README.md in this folder."""
